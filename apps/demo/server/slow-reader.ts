import { setTimeout as pause } from 'node:timers/promises'
import { subscribe } from '@sse/client'
import { nodeHandler } from '@sse/server/node'
import { contract, type Policy, type SlowReaderState } from '../contract.js'
import type { DemoHub } from './hub.js'

/** What may wait for the slow reader, in bytes. Small, so that it is full within seconds; the default is 1,048,576. */
const bound = 262_144
const filler = 'x'.repeat(8_000)
/** So many events at once fill the sockets' buffers soon, and do not overrun the outbox behind them. */
const burst = 4
const credential = 'Bearer demo-slow-reader'
const lines = { disconnect: contract.disconnect(), conflate: contract.conflate(), dropOldest: contract.dropOldest() } as const

/** In milliseconds: between bursts, between events, how long the policy is watched at work, how long all may take. */
const usualTimes = { burst: 8, event: 150, watched: 3_000, most: 40_000 }

/** What one run has come to. */
type Run = { -readonly [K in keyof SlowReaderState]: SlowReaderState[K] }

interface SlowReaderOptions {
  readonly hub: DemoHub
  /** Where this very server is reached, for a connection like any other's. */
  readonly url: string
  /** Told what is worth telling. */
  readonly tell: (what: string) => void
  /** For tests, which have less time than people. */
  readonly times?: Partial<typeof usualTimes>
}

/**
 * A reader that takes no more, over a real connection of this process to itself: what is sent fills the buffers of both
 * sockets, then its outbox, until its channel's policy acts. Then it reads on, what was left and what it missed.
 */
export class SlowReader {
  /** The slow reader's streams, which have an outbox of their own size. */
  readonly serve: ReturnType<typeof nodeHandler>
  readonly #options: SlowReaderOptions
  readonly #times: typeof usualTimes
  #run: Run | undefined
  #letGo = new AbortController()
  #stop = new AbortController()

  constructor(options: SlowReaderOptions) {
    this.#options = options
    this.#times = { ...usualTimes, ...options.times }
    this.serve = nodeHandler(options.hub, {
      outbox: { maxBytes: bound },
      retry: 500,
      authorize: ({ request, topics }) => ({
        allow: request.headers.authorization === credential ? topics.filter(({ channel }) => channel in lines) : [],
        identity: 'slow-reader',
      }),
      // An overflow is what this is for; it is told by its reason.
      onError: () => {},
      onClose: ({ reason }) => {
        if (reason === 'overflow' && this.#run !== undefined) this.#run.disconnects += 1
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

  /** Resolves when it has got everything. False: one is running, and another does not begin. */
  async start(policy: Policy): Promise<boolean> {
    if (this.isRunning) return false
    const counts = { swallowed: 0, peak: 0, published: 0, received: 0, replaced: 0, leftOut: 0, disconnects: 0, gaps: 0 }
    const run: Run = { policy, phase: 'filling', bound, ...counts }
    this.#run = run
    this.#letGo = new AbortController()
    this.#stop = new AbortController()
    try {
      await this.#read(run, AbortSignal.any([this.#stop.signal, AbortSignal.timeout(this.#times.most)]))
    } finally {
      run.phase = 'done'
    }
    return true
  }

  /** Lets it read on, whatever its policy has done by then. */
  letGo(): void {
    this.#letGo.abort()
  }

  stop(): void {
    this.#stop.abort()
    this.#letGo.abort()
  }

  async #read(run: Run, signal: AbortSignal): Promise<void> {
    const { hub, url, tell } = this.#options
    const line = lines[run.policy]
    const mayRead = aborted(this.#letGo.signal)
    const live = subscribe(`${url}/api/traffic?topic=${encodeURIComponent(line.name)}`, {
      events: line.events,
      headers: { authorization: credential },
      // From before the first event on: all of them are to come.
      lastEventId: await hub.cursor([line]),
      onGap: () => {
        run.gaps += 1
      },
      onError: (error) => console.error('slow reader:', error.message),
      signal,
    })
    let last = 0
    const hasAll = new Promise<void>((resolve) => {
      live.on('tick', async ({ data }) => {
        last = data.n
        run.received += 1
        if (run.phase === 'catching up' && last === run.published) resolve()
        // The first one is taken; and then no more is read, for a handler's promise holds the stream back.
        await mayRead
      })
    })
    try {
      tell('stopped reading.')
      await this.#publish(run, signal)
      run.phase = 'catching up'
      if (last < run.published) await Promise.race([hasAll, aborted(signal)])
    } finally {
      live.close()
    }
    // By what came: other readers' outboxes are in the hub's figures, too.
    if (run.policy === 'conflate') run.replaced = run.published - run.received
    if (run.policy === 'dropOldest') run.leftOut = run.published - run.received
    if (!signal.aborted) tell(`has caught up: ${run.received} of ${run.published} events came.`)
  }

  /** Publishes until it may read on. */
  async #publish(run: Run, signal: AbortSignal): Promise<void> {
    const { hub } = this.#options
    const { burst: betweenBursts, event: betweenEvents, watched } = this.#times
    const before = hub.stats().overflows
    let fullAt: number | undefined
    while (!this.#letGo.signal.aborted && !signal.aborted) {
      // Nothing waits: the sockets' buffers take it all, some MB of it, and are to be full soon.
      const isSwallowed = run.phase === 'filling' && hub.stats().outboxes.largest === 0
      await Promise.all(Array.from({ length: isSwallowed ? burst : 1 }, () => this.#tick(run)))
      if (isSwallowed) run.swallowed = run.published * filler.length
      run.peak = Math.max(run.peak, hub.stats().outboxes.largest)
      await pause(isSwallowed ? betweenBursts : betweenEvents)
      const { conflated, dropped } = hub.stats().overflows
      run.replaced = conflated - before.conflated
      run.leftOut = dropped - before.dropped
      if (run.disconnects + run.replaced + run.leftOut === 0) continue
      run.phase = 'at the bound'
      fullAt ??= Date.now()
      if (Date.now() - fullAt >= watched) this.#letGo.abort()
    }
    if (signal.aborted) this.#letGo.abort()
  }

  async #tick(run: Run): Promise<void> {
    run.published += 1
    await this.#options.hub.publish(lines[run.policy], { type: 'tick', data: { n: run.published, filler } })
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
