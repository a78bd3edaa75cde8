import { FieldError, NameError } from '@sse/schema'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openStream } from '../index.js'
import { messagesOf } from '../testing/messages.js'

// Values that try to become fields, events or control messages of their own. What is written does not depend on the
// adapter, so the Fetch one stands for all.

const nasty = fc.constantFrom(
  '\n',
  '\r',
  '\r\n',
  '\0',
  ':',
  'data: x',
  'event: sse.end',
  'id: sse.end',
  '\n\n',
  '\u2028',
  '\uFEFF',
  '\ud800',
)
const hostile = fc.array(fc.oneof(nasty, fc.string({ unit: 'binary', maxLength: 5 })), { maxLength: 6 }).map((parts) => parts.join(''))

/** What UTF-8 makes of a text: a lone surrogate becomes U+FFFD. */
const onTheWire = (text: string): string => Buffer.from(text).toString()

test('D50 property: an event arrives as it was sent, or is rejected; nothing else ever comes of it', async () => {
  await fc.assert(
    fc.asyncProperty(hostile, hostile, fc.option(hostile, { nil: undefined }), async (type, data, id) => {
      const { stream, response } = openStream(new Request('https://sse.test/'))
      const sent = await stream.send({ type, data, id }).catch((error: unknown) => error)
      await stream.end()
      const events = messagesOf(await response.text()).slice(1, -1)
      if (sent === true) {
        expect(JSON.parse(events[0]?.data ?? '')).toBe(data)
        expect(events).toEqual([{ event: onTheWire(type), data: expect.any(String), ...(id === undefined ? {} : { id: onTheWire(id) }) }])
      } else {
        expect(sent instanceof FieldError || sent instanceof NameError).toBe(true)
        expect(events).toEqual([])
      }
    }),
  )
})

test('D50 property: a comment stays one, whatever it says', async () => {
  await fc.assert(
    fc.asyncProperty(hostile, async (text) => {
      const { stream, response } = openStream(new Request('https://sse.test/'))
      await stream.comment(text)
      await stream.end()
      expect(messagesOf(await response.text()).map(({ event }) => event)).toEqual(['sse.ready', 'sse.end'])
    }),
  )
})

test('property: any last event id in the query opens a stream that has it, or is answered 204', async () => {
  await fc.assert(
    fc.asyncProperty(hostile, async (id) => {
      const { stream, response } = openStream(new Request(`https://sse.test/?${new URLSearchParams({ lastEventId: id })}`))
      await stream.end()
      await response.body?.cancel()
      expect(response.status).toBe(id === 'sse.end' ? 204 : 200)
      expect(stream.lastEventId).toBe(id === '' ? undefined : onTheWire(id))
    }),
  )
})
