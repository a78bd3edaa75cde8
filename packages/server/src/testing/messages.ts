import type { Message } from '@sse/schema/wire'

/**
 * The messages of wire text, after WHATWG HTML §9.2.6: plain, and none of our own reader, so that both are judged apart.
 * `retry` is a message of its own; so is an id without data. What the end leaves unfinished is none.
 */
export function messagesOf(text: string): Message[] {
  const messages: Message[] = []
  let fields: { id?: string; event?: string; data?: string } = {}
  for (const line of text.split(/\r\n|\n|\r/).slice(0, -1)) {
    const [, name, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
    if (line === '') {
      if (fields.data !== undefined) messages.push(fields)
      else if (fields.id !== undefined) messages.push({ id: fields.id })
      fields = {}
    } else if (name === 'data') fields.data = fields.data === undefined ? value : `${fields.data}\n${value}`
    else if (name === 'event') fields.event = value
    else if (name === 'id' && !value.includes('\0')) fields.id = value
    else if (name === 'retry' && /^\d+$/.test(value)) messages.push({ retry: Number(value) })
  }
  return messages
}

/** The fields of one of the protocol's own messages. */
export function controlOf(messages: readonly Message[], type: string): Readonly<Record<string, unknown>> {
  const message = messages.find(({ event }) => event === type)
  if (message?.data === undefined) throw new Error(`no ${type} among ${JSON.stringify(messages)}`)
  const fields: unknown = JSON.parse(message.data)
  return { ...Object(fields) }
}
