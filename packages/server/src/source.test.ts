import { describe, expect, test, vi } from 'vitest'
import { pump, type Source } from './source.js'
import { deferred, turns } from './testing/deferred.js'
import { rejection } from './testing/session.js'

const live = (): AbortSignal => new AbortController().signal

/** Pumps with a reader that always has room, and returns what it got. */
async function taken<T>(source: Source<T>): Promise<T[]> {
  const items: T[] = []
  const complete = await pump(source, live(), async (item) => {
    items.push(item)
    return true
  })
  expect(complete).toBe(true)
  return items
}

/** An iterator that is not a generator, so that a test sees each call. */
function iterable<T>(next: () => Promise<IteratorResult<T>>): { source: AsyncIterable<T>; returned: ReturnType<typeof vi.fn> } {
  const returned = vi.fn(async () => ({ done: true as const, value: undefined }))
  return { source: { [Symbol.asyncIterator]: () => ({ next, return: returned }) }, returned }
}

function* numbers(): Generator<number> {
  yield* [1, 2, 3]
}

describe('E62 any iterable is a source', () => {
  test.each<[string, () => Source<number>]>([
    ['an array', () => [1, 2, 3]],
    ['a set', () => new Set([1, 2, 3])],
    ['a generator', numbers],
    ["an array's own iterator", () => [1, 2, 3].values()],
    [
      'an async generator',
      async function* () {
        yield* numbers()
      },
    ],
    ['a ReadableStream', () => new Blob([new Uint8Array([1, 2, 3])]).stream().pipeThrough(flat())],
  ])('%s', async (_, source) => {
    expect(await taken(source())).toEqual([1, 2, 3])
  })

  test('an iterable of promises gives what they resolve to', async () => {
    const promises: Iterable<Promise<number>> = [Promise.resolve(1), Promise.resolve(2)]
    expect(await taken(promises)).toEqual([1, 2])
  })

  test('a string gives its characters', async () => {
    expect(await taken('a豆🥢')).toEqual(['a', '豆', '🥢'])
  })

  test('null and undefined are skipped, other falsy items are not', async () => {
    expect(await taken([null, 0, undefined, '', false])).toEqual([0, '', false])
  })

  test('nothing at all is complete at once', async () => {
    expect(await taken([])).toEqual([])
  })
})

function flat(): TransformStream<Uint8Array, number> {
  return new TransformStream({
    transform: (bytes, controller) => {
      for (const byte of bytes) controller.enqueue(byte)
    },
  })
}

describe('pace', () => {
  test('E62 the next item is asked for when there is room for it, not before', async () => {
    const room = deferred<boolean>()
    const pulled: number[] = []
    function* source(): Generator<number> {
      for (const n of [1, 2]) {
        pulled.push(n)
        yield n
      }
    }
    const all = pump(source(), live(), () => room.promise)
    await turns(5)
    expect(pulled).toEqual([1])
    room.resolve(true)
    expect(await all).toBe(true)
    expect(pulled).toEqual([1, 2])
  })

  test('E62 an item is sent when it comes, not when the next one does', async () => {
    const second = deferred<void>()
    const first = deferred<number>()
    async function* source(): AsyncGenerator<number> {
      yield 1
      await second.promise
      yield 2
    }
    const sent: number[] = []
    const all = pump(source(), live(), async (item) => {
      sent.push(item)
      first.resolve(item)
      return true
    })
    expect(await first.promise).toBe(1)
    expect(sent).toEqual([1])
    second.resolve()
    await all
    expect(sent).toEqual([1, 2])
  })
})

describe('D49 the source is told when nobody wants it any more', () => {
  test('when send says that the reader has left', async () => {
    let n = 0
    const { source, returned } = iterable(async () => ({ done: false, value: n++ }))
    expect(await pump(source, live(), async () => false)).toBe(false)
    expect([n, returned.mock.calls.length]).toEqual([1, 1])
  })

  test('when the stream is over before it began', async () => {
    const { source, returned } = iterable(async () => ({ done: false, value: 1 }))
    const send = vi.fn(async () => true)
    expect(await pump(source, AbortSignal.abort(), send)).toBe(false)
    expect([send.mock.calls.length, returned.mock.calls.length]).toEqual([0, 1])
  })

  test('while it is stuck in next()', async () => {
    const { source, returned } = iterable(() => new Promise<never>(() => {}))
    const controller = new AbortController()
    const all = pump(source, controller.signal, async () => true)
    await turns()
    controller.abort()
    expect(await all).toBe(false)
    expect(returned).toHaveBeenCalledTimes(1)
  })

  test('and what it still gives is not sent', async () => {
    const item = deferred<IteratorResult<number>>()
    const { source } = iterable(() => item.promise)
    const controller = new AbortController()
    const send = vi.fn(async () => true)
    const all = pump(source, controller.signal, send)
    await turns()
    controller.abort()
    item.resolve({ done: false, value: 1 })
    expect(await all).toBe(false)
    await turns()
    expect(send).not.toHaveBeenCalled()
  })

  test('while an item waits for room', async () => {
    const { source, returned } = iterable(async () => ({ done: false, value: 1 }))
    const controller = new AbortController()
    const left = deferred<boolean>()
    const all = pump(source, controller.signal, () => left.promise)
    await turns()
    controller.abort()
    left.resolve(false)
    expect(await all).toBe(false)
    await turns()
    expect(returned).toHaveBeenCalledTimes(1)
  })

  test('when send rejects, which is passed on', async () => {
    const { source, returned } = iterable(async () => ({ done: false, value: 1 }))
    const bad = new Error('rejected event')
    expect(await rejection(pump(source, live(), () => Promise.reject(bad)))).toBe(bad)
    expect(returned).toHaveBeenCalledTimes(1)
  })

  test('when an item is a promise that rejects, which is passed on', async () => {
    const bad = new Error('rejected item')
    const cleanedUp = vi.fn()
    function* source(): Generator<Promise<number>> {
      try {
        yield Promise.reject(bad)
      } finally {
        cleanedUp()
      }
    }
    expect(await rejection(pump<Promise<number>>(source(), live(), async () => true))).toBe(bad)
    expect(cleanedUp).toHaveBeenCalledTimes(1)
  })

  test('a generator cleans up, sync or async', async () => {
    const cleanedUp: string[] = []
    function* sync(): Generator<number> {
      try {
        yield 1
      } finally {
        cleanedUp.push('sync')
      }
    }
    async function* async(): AsyncGenerator<number> {
      try {
        yield 1
      } finally {
        cleanedUp.push('async')
      }
    }
    await pump(sync(), live(), async () => false)
    await pump(async(), live(), async () => false)
    expect(cleanedUp).toEqual(['sync', 'async'])
  })

  test('a ReadableStream is cancelled, also while a read waits for a silent upstream', async () => {
    const cancelled = deferred<string>()
    const source = new ReadableStream<number>({ cancel: () => cancelled.resolve('cancelled') })
    const controller = new AbortController()
    const all = pump(source, controller.signal, async () => true)
    await turns()
    controller.abort()
    expect(await all).toBe(false)
    expect(await cancelled.promise).toBe('cancelled')
  })

  test('a source that is done is not told again', async () => {
    const { source, returned } = iterable(async () => ({ done: true, value: undefined }))
    expect(await pump(source, live(), async () => true)).toBe(true)
    expect(returned).not.toHaveBeenCalled()
  })

  test('no listener stays on the signal', async () => {
    const controller = new AbortController()
    const removed = vi.spyOn(controller.signal, 'removeEventListener')
    const added = vi.spyOn(controller.signal, 'addEventListener')
    await pump([1], controller.signal, async () => true)
    expect(removed.mock.calls.map(([type, listener]) => [type, listener])).toEqual(
      added.mock.calls.map(([type, listener]) => [type, listener]),
    )
  })
})

describe('D54 a source that fails', () => {
  test('what it throws is passed on', async () => {
    const bad = new Error('upstream failed')
    async function* source(): AsyncGenerator<number> {
      yield 1
      throw bad
    }
    expect(await rejection(pump(source(), live(), async () => true))).toBe(bad)
  })

  test.each(['return() rejects', 'return() throws'])('what failed first is passed on, though %s behind it', async (how) => {
    const bad = new Error('rejected event')
    const { source, returned } = iterable(async () => ({ done: false, value: 1 }))
    returned.mockImplementation(() => {
      const error = new Error('cleanup failed')
      if (how === 'return() throws') throw error
      return Promise.reject(error)
    })
    expect(await rejection(pump(source, live(), () => Promise.reject(bad)))).toBe(bad)
    expect(returned).toHaveBeenCalledTimes(1)
  })

  test('what a source throws while it cleans up is passed on where nothing else failed', async () => {
    const { source, returned } = iterable(async () => ({ done: false, value: 1 }))
    returned.mockRejectedValue(new Error('cleanup failed'))
    expect(await rejection(pump(source, live(), async () => false))).toMatchObject({ message: 'cleanup failed' })
  })

  test('a source that cannot be read at all rejects, and does not throw', async () => {
    const locked = new ReadableStream<number>()
    locked.getReader()
    expect(await rejection(pump(locked, live(), async () => true))).toBeInstanceOf(TypeError)
  })

  test('D53 what it throws because the reader left has no one to go to', async () => {
    const controller = new AbortController()
    const { source, returned } = iterable(
      () =>
        new Promise<never>((_, reject) => {
          controller.signal.addEventListener('abort', () => reject(controller.signal.reason))
        }),
    )
    returned.mockRejectedValue(new Error('failed while it cleaned up'))
    const all = pump(source, controller.signal, async () => true)
    await turns()
    controller.abort()
    expect(await all).toBe(false)
  })

  // The signal's listener is the last stop before an uncaught exception.
  test('a generator that makes the stream end while it runs does not take the process down', async () => {
    const controller = new AbortController()
    function* source(): Generator<number> {
      controller.abort()
      yield 1
    }
    const uncaught = vi.fn()
    process.once('uncaughtException', uncaught)
    expect(await pump(source(), controller.signal, async () => true)).toBe(false)
    await turns(2)
    process.removeListener('uncaughtException', uncaught)
    expect(uncaught).not.toHaveBeenCalled()
  })
})
