import type { Message } from '../wire/message.js'

/**
 * WHATWG HTML §9.2.6 word for word, over the whole text at once: slow and plain, to judge the reader by. It gives what the
 * reader promises: a `retry` at its own line, an id without data by itself, and nothing of what the end leaves unfinished.
 */
export function parseByTheBook(stream: Uint8Array): Message[] {
  const messages: Message[] = []
  let data = ''
  let event = ''
  let id: string | undefined

  // "Streams must be decoded using the UTF-8 decode algorithm", which strips one byte order mark.
  const text = new TextDecoder('utf-8').decode(stream)
  // A line that the end cuts off is no line.
  const lines = text.split(/\r\n|\n|\r/).slice(0, -1)

  for (const line of lines) {
    if (line === '') dispatch()
    else if (line.startsWith(':')) continue
    else if (line.includes(':')) {
      const colon = line.indexOf(':')
      const value = line.slice(colon + 1)
      processField(line.slice(0, colon), value.startsWith(' ') ? value.slice(1) : value)
    } else processField(line, '')
  }
  return messages

  function processField(name: string, value: string): void {
    if (name === 'event') event = value
    else if (name === 'data') data += `${value}\n`
    else if (name === 'id') id = value.includes('\0') ? id : value
    else if (name === 'retry' && /^[0-9]+$/.test(value)) messages.push({ retry: Number(value) })
  }

  function dispatch(): void {
    if (data !== '') messages.push({ id, event: event === '' ? undefined : event, data: data.slice(0, -1) })
    else if (id !== undefined) messages.push({ id })
    data = ''
    event = ''
    id = undefined
  }
}
