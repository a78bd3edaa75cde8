import { OptionError } from './errors.js'
import { checkOptions, type Kinds } from './option-check.js'
import type { RefusalReason } from './stats.js'

/**
 * How many streams a hub feeds on this node. Beyond a bound a request is refused for a time, or a stream that `subscribe` was
 * given is closed for as long: nobody who is there loses anything. Two streams of one client, a connection and the one that is to
 * take its place, count as one, but for `connectsPerSecond`.
 */
export interface Limits {
  /** Streams in total. Default 10,000. */
  readonly streams?: number | undefined
  /** Streams of one identity, as `authorize` or `subscribe` names it. Default 100. */
  readonly perIdentity?: number | undefined
  /** Streams from one address. Default: no bound, for behind one proxy all readers have one address. */
  readonly perAddress?: number | undefined
  /** Topics and subtrees that one request asks for. Default 100. A request for more is malformed: it is answered 400. */
  readonly topics?: number | undefined
  /** New streams a second, as a long-term mean; so many may come at once. Default 1,000. */
  readonly connectsPerSecond?: number | undefined
}

/** The limits with their defaults. */
export type LimitBounds = { readonly [Name in keyof Limits]-?: number }

const kinds: Kinds<Limits> = {
  streams: 'number',
  perIdentity: 'number',
  perAddress: 'number',
  topics: 'number',
  connectsPerSecond: 'number',
}

/** @throws OptionError */
export function limitsOf(limits: Limits = {}): LimitBounds {
  checkOptions(limits, kinds, 'limits')
  return {
    streams: count('streams', limits.streams ?? 10_000),
    perIdentity: count('perIdentity', limits.perIdentity ?? 100),
    perAddress: count('perAddress', limits.perAddress ?? Number.POSITIVE_INFINITY),
    topics: count('topics', limits.topics ?? 100),
    connectsPerSecond: limit('connectsPerSecond', limits.connectsPerSecond ?? 1_000),
  }
}

function count(name: string, value: number): number {
  if (Number.isInteger(value) || value === Number.POSITIVE_INFINITY) return limit(name, value, 'a whole number')
  throw new OptionError(`limits.${name}`, `is ${value}: it takes a whole number above 0, or Infinity for no bound`)
}

function limit(name: string, value: number, what = 'a number'): number {
  if (value > 0) return value
  throw new OptionError(`limits.${name}`, `is ${value}: it takes ${what} above 0, or Infinity for no bound`)
}

/** A client's connection, and the one that takes over from it. More are somebody's who gives all of them one name. */
const mostOfClient = 2

/** What one client takes: one of all, one of its address, and one of each identity that it shows. */
interface Seat {
  streams: number
  /** How many of its streams are whose. */
  readonly identities: Map<string, number>
}

/** A place among the streams. */
export interface Place {
  /** Whose it is. The reason, where that identity has too many; then the place is given back. */
  identify(identity: string): RefusalReason | undefined
  /** Once is enough. */
  leave(): void
}

/** Who is there, and whether one more may come. */
export class Admission {
  readonly #bounds: LimitBounds
  readonly #identities = new Map<string, number>()
  readonly #addresses = new Map<string, number>()
  /** Seats with room for another stream. By address and name: a name that somebody else has learnt brings them nothing elsewhere. */
  readonly #vacant = new Map<string, Set<Seat>>()
  /** May connect at once. */
  #tokens: number
  #refilled: number
  #streams = 0

  constructor(bounds: LimitBounds, now: number) {
    this.#bounds = bounds
    this.#tokens = bounds.connectsPerSecond
    this.#refilled = now
  }

  /**
   * A place, or the reason why there is none.
   *
   * @param client the name that a client gives itself.
   */
  enter(address: string | undefined, now: number, client?: string): Place | RefusalReason {
    const { streams, perAddress, connectsPerSecond } = this.#bounds
    this.#tokens = Math.min(connectsPerSecond, this.#tokens + (Math.max(0, now - this.#refilled) / 1_000) * connectsPerSecond)
    this.#refilled = now
    const key = client && `${address} ${client}`
    const [shared] = (key ? this.#vacant.get(key) : undefined) ?? []
    if (!shared && this.#streams >= streams) return 'streams'
    if (!shared && address !== undefined && (this.#addresses.get(address) ?? 0) >= perAddress) return 'address'
    // Less than one a second: the first must find one all the same.
    if (this.#tokens < Math.min(1, connectsPerSecond)) return 'rate'
    this.#tokens -= 1
    const seat = shared ?? { streams: 0, identities: new Map<string, number>() }
    seat.streams++
    if (!shared) {
      this.#streams++
      if (address !== undefined) add(this.#addresses, address, 1)
    }
    if (key) this.#keep(key, seat)
    let identity: string | undefined
    let isThere = true
    const leave = (): void => {
      if (!isThere) return
      isThere = false
      if (identity !== undefined && add(seat.identities, identity, -1) === 0) add(this.#identities, identity, -1)
      seat.streams--
      if (key) this.#keep(key, seat)
      if (seat.streams > 0) return
      this.#streams--
      if (address !== undefined) add(this.#addresses, address, -1)
    }
    return {
      leave,
      identify: (named) => {
        // It left while it was being found out whose it is.
        if (!isThere) return undefined
        const isFirst = !seat.identities.has(named)
        if (isFirst && (this.#identities.get(named) ?? 0) >= this.#bounds.perIdentity) {
          leave()
          return 'identity'
        }
        identity = named
        add(seat.identities, named, 1)
        if (isFirst) add(this.#identities, named, 1)
        return undefined
      },
    }
  }

  /** Among those with room, or not. */
  #keep(key: string, seat: Seat): void {
    const seats = this.#vacant.get(key) ?? new Set()
    if (seat.streams > 0 && seat.streams < mostOfClient) seats.add(seat)
    else seats.delete(seat)
    if (seats.size > 0) this.#vacant.set(key, seats)
    else this.#vacant.delete(key)
  }
}

/** Counts, and returns the count; what is at 0 takes no memory. */
function add(counts: Map<string, number>, key: string, one: number): number {
  const count = (counts.get(key) ?? 0) + one
  if (count > 0) counts.set(key, count)
  else counts.delete(key)
  return count
}

/** What is told, with a status, to whom there is no place for. */
export function refusalOf(reason: RefusalReason): { readonly status: number; readonly message: string } {
  return {
    status: reason === 'identity' || reason === 'address' || reason === 'rate' ? 429 : 503,
    message: busy[reason] ?? 'Come back later.',
  }
}

const busy: { readonly [Reason in RefusalReason]?: string } = {
  streams: 'The server has as many readers as it takes: come back later.',
  identity: 'You have as many streams open as you may: close one, or come back later.',
  address: 'Your address has as many streams open as it may: come back later.',
  rate: 'Too many readers come at once: come back in a moment.',
  draining: 'This server is going away: come back, and another will answer.',
}

/** Seconds until a refused client may come again: spread, so that those refused together do not come together. */
export function retryAfter(random: number): number {
  return 1 + Math.floor(random * 10)
}
