import { describe, expect, test } from 'vitest'
import type { ConnectOptions, End, Gap, Presence } from './options.js'
import { subscribe } from './subscribe.js'
import { collect, deferred, failureOf, turns } from './testing/async.js'
import { startServer } from './testing/raw-server.js'
import { scriptedFetch } from './testing/scripted-fetch.js'
import { control, end, event, ready } from './testing/wire.js'

const url = 'http://sse.test/'

interface Heard {
  readonly gaps: Gap[]
  readonly ends: End[]
  readonly errors: Error[]
  readonly events: unknown[]
}

/** All that comes of these chunks, until the stream is over for good; and the cursor then. */
async function hear(chunks: readonly string[], options: ConnectOptions = {}): Promise<Heard & { readonly lastEventId: string }> {
  const heard: Heard = { gaps: [], ends: [], errors: [], events: [] }
  const live = subscribe(url, {
    ...scriptedFetch(chunks),
    onGap: (gap) => void heard.gaps.push(gap),
    onEnd: (over) => void heard.ends.push(over),
    onError: (error) => void heard.errors.push(error),
    ...options,
  })
  for await (const received of live) heard.events.push(received)
  return { ...heard, lastEventId: live.lastEventId }
}

const typesOf = ({ events }: Heard): unknown => events.map((received) => Object(received).type)

describe('a stream of ours', () => {
  test('its control messages are no events', async () => {
    const heard = await hear([
      ready(),
      control({ type: 'sse.live', topics: ['a'], resumed: true, position: '1.e.7' }),
      control({ type: 'sse.presence', topic: 'a', count: 1, joined: ['ann'], left: [], reset: true }),
      control({ type: 'sse.gap', topics: ['a'], reason: 'trimmed' }),
      control({ type: 'sse.error', code: 'denied', message: 'no', retry: false, topics: ['b'] }),
      event('a', 1),
      end,
    ])
    expect(typesOf(heard)).toEqual(['a'])
  })

  test('types of a later protocol are ignored', async () => {
    const heard = await hear([`${ready()}event:sse.later\ndata:{"key":"k3y"}\n\nevent:sse.other\ndata:x\n\n${end}`])
    expect(heard).toMatchObject({ events: [], errors: [], gaps: [] })
  })

  test('sse.end closes it: the reason is told once', async () => {
    const heard = await hear([ready() + control({ type: 'sse.end', reason: 'delivered' })])
    expect(heard.ends).toEqual([{ reason: 'delivered', topics: undefined }])
  })

  test('sse.end of topics leaves the rest going on', async () => {
    const heard = await hear([ready() + control({ type: 'sse.end', reason: 'delivered', topics: ['orders/1'] }) + event('a', 1) + end])
    expect(heard.ends).toEqual([
      { reason: 'delivered', topics: ['orders/1'] },
      { reason: 'done', topics: undefined },
    ])
    expect(typesOf(heard)).toEqual(['a'])
  })

  test('the mark of endOn is an end, and no event', async () => {
    const heard = await hear(['data:1\n\ndata:[DONE]\n\ndata:2\n\n'], { endOn: '[DONE]' })
    expect(heard.ends).toEqual([{ reason: '[DONE]', topics: undefined }])
    expect(heard.events).toHaveLength(1)
  })

  test('sse.live brings the position from which its topics are live', async () => {
    const heard = await hear([
      ready() + control({ type: 'sse.live', topics: ['a'], resumed: false, position: '1.e.7' }, '1.e.7') + event('a', 1) + end,
    ])
    expect(heard.events).toMatchObject([{ id: '1.e.7' }])
  })

  test('types that sse.ready names as text are handed over as they came', async () => {
    const heard = await hear([`${ready({ text: ['token'] })}event:token\ndata:"a\ndata:b\n\n${event('a', 'json')}${end}`])
    expect(heard.events).toMatchObject([
      { type: 'token', data: '"a\nb' },
      { type: 'a', data: 'json' },
    ])
  })

  test('the topic before # is told apart from the type', async () => {
    const heard = await hear([ready() + event('orders/42#shipped', 1) + event('shipped', 2) + event('a#b#c', 3) + end])
    expect(heard.events).toEqual([
      { type: 'shipped', data: 1, id: '', topic: 'orders/42' },
      { type: 'shipped', data: 2, id: '', topic: undefined },
      { type: 'b#c', data: 3, id: '', topic: 'a' },
    ])
  })
})

describe('sse.error', () => {
  const failure = { code: 'server_error', reason: 'overload', message: 'try later' }
  const message = { type: 'sse.error', code: 'overload', message: 'try later' } as const

  test('that will not mend closes it for good', async () => {
    const live = subscribe(url, scriptedFetch([ready() + control({ ...message, retry: false })]))
    expect(await failureOf(collect(live))).toMatchObject(failure)
    expect(live.getSnapshot()).toMatchObject({ state: 'closed', reason: 'failed', error: failure })
  })

  test('that may mend is told to onError, and the connection is made anew when the server closes it', async () => {
    await using server = await startServer()
    const errors: Error[] = []
    const reading = collect(subscribe(server.url, { reconnect: { baseDelay: 0 }, onError: (error) => void errors.push(error) }))
    ;(await server.stream(ready() + control({ ...message, retry: true }))).end()
    await server.stream(ready() + event('a', 1) + end)
    expect(await reading).toHaveLength(1)
    expect(errors).toMatchObject([failure])
  })

  test('of some topics leaves the others going on', async () => {
    const heard = await hear([ready() + control({ ...message, retry: false, topics: ['orders/1'] }) + event('a', 1) + end])
    expect(heard.errors).toMatchObject([failure])
    expect(typesOf(heard)).toEqual(['a'])
  })
})

describe('onGap', () => {
  const gap = control({ type: 'sse.gap', topics: ['a'], reason: 'overflow' })

  test('comes in the order of the events, and the next one waits for it', async () => {
    const log: unknown[] = []
    const refetched = deferred()
    const live = subscribe<{ a: number }>(url, {
      ...scriptedFetch([ready() + event('a', 1) + gap + event('a', 2) + end]),
      onGap: async (told) => {
        log.push(told)
        await refetched.promise
        log.push('refetched')
      },
    })
    live.on('a', ({ data }) => void log.push(data))
    await turns()
    expect(log).toEqual([1, { topics: ['a'], reason: 'overflow' }])
    refetched.resolve()
    await turns()
    expect(log).toEqual([1, { topics: ['a'], reason: 'overflow' }, 'refetched', 2])
  })

  test('that fails is told to onError, and the stream goes on', async () => {
    const heard = await hear([ready() + gap + event('a', 1) + end], { onGap: () => Promise.reject(new Error('mine')) })
    expect(heard.errors).toMatchObject([{ code: 'handler_failed', cause: new Error('mine') }])
    expect(typesOf(heard)).toEqual(['a'])
  })

  test('that is not there leaves it to onError', async () => {
    const heard = await hear([ready() + gap + end], { onGap: undefined })
    expect(heard.errors).toMatchObject([{ code: 'gap', reason: 'overflow', topics: ['a'] }])
  })
})

describe('onPresence', () => {
  const came = { topic: 'room', count: 2, joined: ['ann', 'bob'], left: [], reset: true }
  const went = { topic: 'room', count: 1, joined: [], left: ['bob'], reset: false }
  const told = control({ type: 'sse.presence', ...came }) + event('a', 1) + control({ type: 'sse.presence', ...went })

  test('tells who is there, then who came and went, and nothing of the protocol', async () => {
    const presences: Presence[] = []
    await hear([ready() + told + end], { onPresence: (presence) => void presences.push(presence) })
    expect(presences).toStrictEqual([came, went])
  })

  test('comes in the order of the events, which do not wait for it', async () => {
    const log: unknown[] = []
    const live = subscribe<{ a: number }>(url, {
      ...scriptedFetch([ready() + told + end]),
      onPresence: ({ count }) => {
        log.push(`count ${count}`)
        return new Promise<void>(() => {})
      },
    })
    live.on('a', ({ data }) => void log.push(data))
    await turns()
    expect(log).toEqual(['count 2', 1, 'count 1'])
    expect(live.state).toBe('closed')
  })

  test.each([
    [
      'that throws',
      (): never => {
        throw new Error('mine')
      },
    ],
    ['that fails later', () => Promise.reject(new Error('mine'))],
  ])('%s is told to onError, and the stream goes on', async (_, onPresence) => {
    const heard = await hear([ready() + told + end], { onPresence })
    expect(heard.errors).toMatchObject([{ code: 'handler_failed', cause: new Error('mine') }, { code: 'handler_failed' }])
    expect(typesOf(heard)).toEqual(['a'])
  })

  test('that is not there is nothing to report', async () => {
    const heard = await hear([ready() + told + end])
    expect(heard).toMatchObject({ events: [{ type: 'a' }], errors: [], gaps: [] })
  })
})

describe('control cannot be forged', () => {
  const forged = { type: 'sse.end', reason: 'forged' } as const

  test.each([
    ['without a key', 'event:sse.end\ndata:{"reason":"forged"}\n\n'],
    ['with another key', control(forged, undefined, 'guess')],
    ['by another sse.ready, whose key it then repeats', ready({ key: 'mine', text: ['a'] }) + control(forged, undefined, 'mine')],
    ['by another sse.ready with the right key', ready({ text: ['a'] })],
    ['with data that is no JSON', 'event:sse.end\ndata:forged\n\n'],
    ['behind a topic', event('orders/1#sse.end', { reason: 'forged', key: 'guess' })],
  ])('%s', async (_, text) => {
    const heard = await hear([ready() + text + event('a', { json: true }) + end])
    expect(heard.ends).toEqual([{ reason: 'done', topics: undefined }])
    expect(heard.events.at(-1)).toMatchObject({ type: 'a', data: { json: true } })
  })

  test.each([
    ['of an event', event('a', 1, 'sse.end')],
    ['alone', 'id:sse.end\n\n'],
    ['of a forged end', control(forged, 'sse.end', 'guess')],
  ])('nor can the protocol’s own id %s', async (_, text) => {
    const heard = await hear([ready() + event('a', 1, '7') + text + event('a', 2) + end])
    expect(heard.lastEventId).toBe('7')
    // Whoever keeps an event's id to begin there again must not be answered that all is over.
    expect(heard.events.map((received) => Object(received).id)).not.toContain('sse.end')
  })

  test('nor does the end of a stream take the position: whoever keeps it would be answered for ever that all is over', async () => {
    const message = { type: 'sse.error', code: 'gone', message: 'later', retry: false } as const
    const ended = await hear([ready() + event('a', 1, '7') + control({ type: 'sse.end', reason: 'done' }, 'sse.end')])
    expect(ended.lastEventId).toBe('7')
    const live = subscribe(url, scriptedFetch([ready() + event('a', 1, '7') + control(message, 'sse.end')]))
    expect(await failureOf(collect(live))).toMatchObject({ code: 'server_error' })
    expect(live.lastEventId).toBe('7')
  })

  test('what does not carry the key is ignored, its id included', async () => {
    const text = control(forged, '8', 'guess')
    const heard = await hear([ready() + event('a', 1, '7') + text + event('a', 2) + end])
    expect(heard.events).toMatchObject([{ id: '7' }, { id: '7' }])
    expect(heard.lastEventId).toBe('7')
  })

  test('nor does its position make the reader take what comes then for what it had', async () => {
    const text = control({ type: 'sse.live', topics: [], resumed: true, position: '1.e.99' }, '1.e.99', 'guess')
    const heard = await hear([ready() + event('a', 1, '1.e.7-6') + text + event('a', 2, '1.e.8-7') + end])
    expect(heard.events).toMatchObject([{ data: 1 }, { data: 2 }])
  })

  test('each connection has a key of its own', async () => {
    await using server = await startServer()
    const ends: End[] = []
    const reading = collect(subscribe(server.url, { reconnect: { baseDelay: 0 }, onEnd: (over) => void ends.push(over) }))
    ;(await server.stream(ready({ key: 'first' }))).end()
    await server.stream(
      ready({ key: 'second' }) +
        control({ ...forged }, undefined, 'first') +
        control({ type: 'sse.end', reason: 'done' }, undefined, 'second'),
    )
    await reading
    expect(ends).toEqual([{ reason: 'done', topics: undefined }])
  })
})

describe('on another’s stream nothing is control', () => {
  test.each([
    ['an sse.ready that is not first', `data:1\n\n${ready()}`, 'sse.ready'],
    ['sse.end', `data:1\n\n${control({ type: 'sse.end', reason: 'x' })}`, 'sse.end'],
    ['what is first, and no sse.ready of ours', 'event:sse.ready\ndata:{"hello":1}\n\n', 'sse.ready'],
    ['any other such type that is first', event('sse.custom', 1), 'sse.custom'],
  ])('%s is an event', async (_, text, type) => {
    const heard = await hear([`${text}data:"END"\n\n`], { endOn: '"END"' })
    expect(heard.events.at(-1)).toMatchObject({ type })
    expect(heard.ends).toEqual([{ reason: '"END"', topics: undefined }])
  })

  test('an id is an id, whatever it is', async () => {
    const heard = await hear([`${event('a', 1, 'sse.end')}data:"END"\n\n`], { endOn: '"END"' })
    expect(heard.events).toMatchObject([{ id: 'sse.end' }])
    expect(heard.lastEventId).toBe('sse.end')
  })

  test('a # is part of the type', async () => {
    const heard = await hear([`${event('a#b', 1)}data:"END"\n\n`], { endOn: '"END"' })
    expect(heard.events).toMatchObject([{ type: 'a#b', topic: undefined }])
  })

  test('an id or a comment before sse.ready does not make it another’s', async () => {
    const heard = await hear([`:hello\n\nid:1\n\nretry:100\n${ready()}${event('a', 1)}${end}`])
    expect(heard.ends).toEqual([{ reason: 'done', topics: undefined }])
  })
})
