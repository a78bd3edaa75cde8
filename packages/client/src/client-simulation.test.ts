import { channel, defineContract } from '@sse/schema'
import { formatPosition, parsePosition } from '@sse/schema/wire'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { type Client, createClient, type TopicSubscription } from './client.js'
import { turns } from './testing/async.js'
import { covers, createModelHub, type Entry, type ModelHub } from './testing/model-hub.js'

// Whatever happens to connections, subscriptions and the history: each subscription has all that was published to its topics since
// it was live, once and in order, or was told of a gap in the place of what is missing.
//
// SIMULATE_SEED and SIMULATE_RUNS run others than the ones of every day.

const contract = defineContract({
  order: channel('orders/:id', { made: z.number() }),
  user: channel('users/:id', { made: z.number() }),
})

/** What can be subscribed to: topics, and the subtree of the first two. */
const wanted = {
  'orders/1': contract.order({ id: 1 }),
  'orders/2': contract.order({ id: 2 }),
  'users/7': contract.user({ id: 7 }),
  'orders/*': contract.order.all(),
} as const
const topics = ['orders/1', 'orders/2', 'users/7'] as const

type Step =
  | { readonly does: 'publish'; readonly topic: string }
  /** A fault of the server: this one misses what these connections have. */
  | { readonly does: 'lose'; readonly topic: string; readonly of: readonly number[] }
  | {
      readonly does: 'subscribe'
      readonly name: keyof typeof wanted
      readonly from: 'now' | 'last' | 'cursor' | 'past'
      readonly slowness: number
    }
  | { readonly does: 'close'; readonly which: number }
  | { readonly does: 'cut'; readonly which: number; readonly bytes: number }
  | { readonly does: 'pass'; readonly milliseconds: number }
  | { readonly does: 'turn'; readonly count: number }
  | { readonly does: 'latency'; readonly turns: readonly number[] }
  | { readonly does: 'trim'; readonly keep: number }
  | { readonly does: 'renew' | 'vouch' }

const topic = fc.constantFrom(...topics)
const which = fc.nat({ max: 5 })

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ does: fc.constant('publish'), topic }) },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constant('lose'), topic, of: fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 2 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      does: fc.constant('subscribe'),
      name: fc.constantFrom('orders/1', 'orders/2', 'users/7', 'orders/*'),
      from: fc.constantFrom('now', 'last', 'cursor', 'past'),
      slowness: fc.constantFrom(0, 0, 1, 3),
    }),
  },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('close'), which }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('cut'), which, bytes: fc.nat({ max: 600 }) }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('pass'), milliseconds: fc.constantFrom(0, 10, 10, 30, 200, 2_100) }) },
  { weight: 5, arbitrary: fc.record({ does: fc.constant('turn'), count: fc.integer({ min: 1, max: 6 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constant('latency'), turns: fc.array(fc.nat({ max: 60 }), { minLength: 1, maxLength: 5 }) }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('trim'), keep: fc.nat({ max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('renew') }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('vouch') }) },
)

const schedule = fc.record({
  linger: fc.constantFrom(0, 20, 3_000),
  steps: fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }),
})

/** What a subscription was told: the number of an event, or of which topics there is a gap, and how many events there were by then. */
type Told = number | { readonly gap: readonly string[]; readonly at: number }

interface Subscribed {
  readonly name: string
  readonly start: string
  readonly live: TopicSubscription<{ made: number }>
  readonly told: Told[]
  readonly errors: Error[]
  /** How many events there were when it was live. */
  liveAt: number | undefined
  /** How many there were when it was asked for. */
  readonly askedAt: number
}

function subscribe(client: Client<typeof contract>, hub: ModelHub, name: keyof typeof wanted, start: string, slowness: number): Subscribed {
  const told: Told[] = []
  const errors: Error[] = []
  const live = client.subscribe(wanted[name], {
    start,
    onGap: ({ topics: gap }) => void told.push({ gap, at: hub.all.length }),
    onError: (error) => void errors.push(error),
    onStateChange: ({ state }) => {
      if (state === 'open') subscribed.liveAt ??= hub.all.length
    },
  })
  const subscribed: Subscribed = { name, start, live, told, errors, liveAt: undefined, askedAt: hub.all.length }
  live.on('made', ({ data }) => {
    told.push(data)
    return slowness ? turns(slowness) : undefined
  })
  return subscribed
}

/** What is wrong with what a subscription was told of a topic. */
function judge(subscribed: Subscribed, hub: ModelHub, of: string): string | undefined {
  const { name, start, told, liveAt, live } = subscribed
  const from = parsePosition(start)
  const entries = hub.all.filter((entry) => entry.topic === of)
  const mine = told.filter((one) => typeof one !== 'number' || hub.all[one]?.topic === of)
  const had = mine.filter((one) => typeof one === 'number')
  const first = had[0] ?? Number.POSITIVE_INFINITY
  const isExpected = ({ epoch, at, data }: Entry): boolean =>
    data >= Math.min(first, liveAt ?? Number.POSITIVE_INFINITY) || (!!from && from.epoch === epoch && at > from.at)
  // Now is no sooner than the question.
  if (!start && first < subscribed.askedAt - late) return `${of}: had ${first}, of long before it began`
  const expected = entries.filter(isExpected).map(({ data }) => data)
  const end = live.state === 'closed' ? [] : [Number.POSITIVE_INFINITY]
  let next = 0
  // Who fetches the state then has what was published until then.
  let fetched = 0
  // From a gap until the server vouches again links say nothing: what it lost then is not noticed.
  let isBlind = false
  for (const one of [...mine, ...end]) {
    if (typeof one !== 'number') {
      isBlind = true
      if (one.gap.includes(of) || one.gap.includes(name)) fetched = one.at
      continue
    }
    const missing = expected.slice(next).filter((data) => data < one)
    next += missing.length
    const lost = missing.filter((data) => data >= fetched && !(isBlind && hub.lost.has(data)))
    if (lost.length) return `${of}: never had ${lost}, before ${one}`
    if (one !== end[0] && expected[next] !== one) return `${of}: had ${one} once more, or out of order`
    next += 1
  }
  return undefined
}

/** What may be on its way when a subscription joins a connection. */
const late = 25

async function run({ linger, steps }: { readonly linger: number; readonly steps: readonly Step[] }): Promise<void> {
  const hub = createModelHub()
  const client = createClient<typeof contract>({ url: 'http://sse.test/', fetch: hub.fetch, linger, reconnect: { baseDelay: 0 } })
  const subscribed: Subscribed[] = []
  let latencies: readonly number[] = [0]
  let taken = 0
  hub.latency = () => latencies[taken++ % latencies.length] ?? 0
  const cursors: string[] = [formatPosition(hub.epoch, 0)]

  const startOf = (from: 'now' | 'last' | 'cursor' | 'past'): string => {
    if (from === 'last') return 'last:2'
    if (from === 'cursor') return formatPosition(hub.epoch, hub.at)
    return from === 'past' ? (cursors[(subscribed.length * 7) % cursors.length] ?? '') : ''
  }

  for (const step of steps) {
    if (step.does === 'publish') hub.publish(step.topic)
    else if (step.does === 'lose') hub.publish(step.topic, step.of)
    else if (step.does === 'subscribe')
      subscribed.push(
        subscribe(client, hub, step.name, startOf(step.name === 'orders/*' && step.from === 'last' ? 'now' : step.from), step.slowness),
      )
    else if (step.does === 'close') subscribed[step.which]?.live.close()
    else if (step.does === 'cut') hub.cut(step.which, step.bytes)
    else if (step.does === 'pass') await vi.advanceTimersByTimeAsync(step.milliseconds)
    else if (step.does === 'turn') await turns(step.count)
    else if (step.does === 'latency') latencies = step.turns
    else if (step.does === 'trim') hub.trim(step.keep)
    else hub[step.does]()
    cursors.push(formatPosition(hub.epoch, hub.at))
  }

  // All is well from here on; what was lost shows in the next event of its topic.
  latencies = [0]
  for (let round = 0; round < 3; round++) {
    for (let pause = 0; pause < 3; pause++) {
      await turns(4)
      await vi.advanceTimersByTimeAsync(50)
    }
    for (const one of topics) hub.publish(one)
  }
  for (let pause = 0; pause < 8; pause++) {
    await turns(6)
    await vi.advanceTimersByTimeAsync(500)
  }

  const problems = subscribed.flatMap((one, index) =>
    topics.flatMap((of) => {
      const problem = covers(one.name, of)
        ? judge(one, hub, of)
        : one.told.some((told) => typeof told === 'number' && hub.all[told]?.topic === of) && `${of} is not its`
      return problem ? [`subscription ${index} to ${one.name}@${one.start}: ${problem}; told ${JSON.stringify(one.told)}`] : []
    }),
  )
  const errors = subscribed.flatMap((one) => one.errors.map(String))
  const states = subscribed.flatMap(({ live }) => (live.state === 'closed' || live.state === 'open' ? [] : [live.state]))
  client.close()
  await vi.advanceTimersByTimeAsync(5_000)
  expect({ problems, errors, states, timers: vi.getTimerCount() }).toEqual({ problems: [], errors: [], states: [], timers: 0 })
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('property: of every topic all comes once and in order, or a gap is told', { timeout: 3_600_000 }, async () => {
  const { SIMULATE_SEED: seed = '1', SIMULATE_RUNS: numRuns = '3000' } = process.env
  await fc.assert(fc.asyncProperty(schedule, run), { seed: Number(seed), numRuns: Number(numRuns) })
})
