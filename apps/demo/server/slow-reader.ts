import type { RequestListener } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { subscribe } from '@sse/client'
import { nodeHandler } from '@sse/server/node'
import { contract, type SlowReaderState, userHeader } from '../contract.js'
import type { DemoHub } from './hub.js'

/** What may wait for the slow reader, in bytes. Small, so that it is full within seconds; the default is 1,048,576. */
const bound = 262_144
const line = contract.traffic({ line: 'demo' })
const filler = 'x'.repeat(8_000)
/** An eighth of the bound in one go is little enough not to fill it at a blow. */
const burst = 4
/** In milliseconds. */
const times = { betweenBursts: 8, betweenEvents: 150, away: 1_500, retry: 500 }
const name = 'slow-reader'

/** What one run has come to. */
type Run = { -readonly [K in keyof SlowReaderState]: SlowReaderState[K] }

interface SlowReaderOptions {
  readonly hub: DemoHub
  /** Where this very server is reached, for a connection like any other's. */
  readonly url: () => string
  /** Told what is worth telling. */
  readonly tell: (what: string) => void
  /** How long it stays away after it was disconnected, in milliseconds. */
  readonly away?: number
}

/**
 * A reader that takes no more, over a real connection of this process to itself: what is sent fills the sockets' buffers, then
 * its outbox, until the hub lets it go. Then it reads what it had left lying, comes back, and resumes.
 */
export class SlowReader {
  /** The slow reader's streams, which have an outbox of their own size. */
  readonly serve: RequestListener
  readonly #options: SlowReaderOptions
  #run: Run | undefined
  #letGo: () => void = () => {}
  #stop = new AbortController()

  constructor(options: SlowReaderOptions) {
    this.#options = options
    this.serve = nodeHandler(options.hub, {
      outbox: { maxBytes: bound },
      retry: times.retry,
      authorize: ({ request, topics }) => ({
        allow: request.headers[userHeader] === name ? topics.filter(({ channel }) => channel === 'traffic') : [],
        identity: name,
      }),
      // An overflow is what this is for; it is told by its reason.
      onError: () => {},
      onClose: ({ reason }) => {
        if (reason === 'overflow') this.#overflowed()
      },
    })
  }

  get isRunning(): boolean {
    return this.#run !== undefined && this.#run.phase !== 'done'
  }

  /** Undefined before the first run. */
  get state(): SlowReaderState | undefined {
    return this.#run && { ...this.#run }
  }

  /** Resolves when it has got everything. One at a time: while one runs another does not begin. */
  async start(): Promise<void> {
    if (this.isRunning) return
    const { hub, url, tell } = this.#options
    const run: Run = { phase: 'stalled', bound, swallowed: 0, published: 0, received: 0, missing: 0, disconnects: 0 }
    this.#run = run
    this.#stop = new AbortController()
    const { signal } = this.#stop
    const mayRead = new Promise<void>((resolve) => {
      this.#letGo = resolve
    })
    try {
      // From before the first event on: all of them are to come.
      const live = subscribe(`${url()}/api/traffic?topic=${encodeURIComponent(line.name)}`, {
        events: line.events,
        headers: { [userHeader]: name },
        lastEventId: await hub.cursor([line]),
        reconnect: { maxDelay: 2_000 },
        // What a gap leaves out is seen by its number.
        onGap: () => {},
        onError: (error) => console.error('slow reader:', error.message),
        signal,
      })
      const caughtUp = new Promise<void>((resolve) => {
        live.on('tick', async ({ data }) => {
          run.missing = data.n - (run.received + 1)
          run.received += 1
          if (run.phase === 'resuming' && data.n === run.published) resolve()
          // The first one is taken; and then no more is read, for a handler's promise holds the stream back.
          await mayRead
        })
      })
      tell('stopped reading.')
      await this.#fill(run, signal)
      await mayRead
      run.phase = 'resuming'
      if (run.received + run.missing < run.published) await Promise.race([caughtUp, aborted(signal)])
      live.close()
      run.phase = 'done'
      if (!signal.aborted) tell(`is up to date: ${run.received} of ${run.published} events, ${run.missing} missing.`)
    } finally {
      run.phase = 'done'
    }
  }

  /** Lets it read on, be it disconnected or not. */
  letGo(): void {
    this.#letGo()
  }

  stop(): void {
    this.#stop.abort()
    this.#letGo()
  }

  /** Publishes for as long as nothing is read, and for a moment after it was disconnected. */
  async #fill(run: Run, signal: AbortSignal): Promise<void> {
    const { hub, away = times.away } = this.#options
    let isOver = false
    const letGo = this.#letGo
    this.#letGo = () => {
      isOver = true
      letGo()
    }
    let since: number | undefined
    while (!isOver && !signal.aborted) {
      // Nothing waits: the sockets' buffers take it all, some MB of it, and are to be full soon.
      const isSwallowed = run.disconnects === 0 && hub.stats().outboxes.largest === 0
      const ticks = Array.from({ length: isSwallowed ? burst : 1 }, () => {
        run.published += 1
        return hub.publish(line, { type: 'tick', data: { n: run.published, filler } })
      })
      await Promise.all(ticks)
      if (isSwallowed) run.swallowed = run.published * filler.length
      await pause(isSwallowed ? times.betweenBursts : times.betweenEvents)
      if (run.disconnects === 0) continue
      since ??= Date.now()
      if (Date.now() - since >= away) this.#letGo()
    }
  }

  #overflowed(): void {
    const run = this.#run
    if (run === undefined) return
    run.disconnects += 1
    if (run.phase !== 'stalled') return
    run.phase = 'disconnected'
    this.#options.tell('was disconnected: its outbox was full.')
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
