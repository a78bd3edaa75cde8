import { createReader, type Message } from '@sse/schema/wire'
import type { EventStream } from '../src/event-stream.js'
import type { Sink } from '../src/sink.js'
import { Lane } from './lane.js'
import type { World } from './world.js'

const encoder = new TextEncoder()

/** How much a connection holds, in bytes. */
export interface PipeSize {
  /** Written beyond it, the socket is full. */
  readonly socket: number
  /** What the client's machine takes before the client does. */
  readonly window: number
}

/** The stream that writes to a connection. */
type Written = Pick<EventStream<object>, 'drained' | 'left'>

/** One connection: what the node writes arrives in other pieces, later, or not at all. */
export class Pipe implements Sink {
  readonly #world: World
  readonly #name: string
  readonly #size: PipeSize
  readonly #reader = createReader(1_000_000)
  readonly #lane: Lane
  #stream: Written | undefined
  /** Written, and not yet on its way. */
  #unsent: Uint8Array[] = []
  #unsentBytes = 0
  /** Arrived, and not yet read. */
  #arrived: Uint8Array[] = []
  #arrivedBytes = 0
  #isMoving = false
  #isFull = false
  #isEnding = false
  /** The client sees the end, or that it broke off. */
  #state: 'open' | 'ended' | 'broken' = 'open'
  /** Nothing moves any more, whoever has noticed. */
  #isDead = false
  #hasLeft = false
  /** The node took the reader back to where it was whole, and closed it. */
  #isTakenBack = false
  #wake: () => void = () => {}
  #gone: () => void = () => {}

  constructor(world: World, name: string, size: PipeSize) {
    this.#world = world
    this.#name = name
    this.#size = size
    this.#lane = new Lane(world)
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /** Whether the client has heard to the end that it is taken back. */
  get wasTakenBack(): boolean {
    return this.#isTakenBack && this.#state === 'ended'
  }

  takeBack(): void {
    this.#isTakenBack = true
  }

  attach(stream: Written): void {
    this.#stream = stream
  }

  /** Calls back once, when the node's machine knows that the client is gone. */
  whenGone(callback: () => void): void {
    this.#gone = callback
  }

  write(text: string): boolean {
    if (this.#hasLeft) return false
    const bytes = encoder.encode(text)
    this.#unsent.push(bytes)
    this.#unsentBytes += bytes.length
    this.#move()
    this.#isFull = this.#unsentBytes >= this.#size.socket
    return !this.#isFull
  }

  end(): void {
    this.#isEnding = true
    this.#move()
  }

  destroy(): void {
    this.break('the node resets it')
  }

  /** The messages of the next bytes; undefined at the end. */
  async read(): Promise<readonly Message[] | undefined> {
    while (this.#arrivedBytes === 0) {
      if (this.#state === 'ended') return undefined
      if (this.#state === 'broken') throw new Error('reset')
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const messages = this.#reader(this.#taken())
    this.#move()
    return messages
  }

  /** It is reset: of what is under way some may still arrive, cut off anywhere. */
  break(why: string): void {
    if (this.#isDead) return
    this.#isDead = true
    this.#world.say(() => `${this.#name}: ${why}, with ${this.#unsentBytes + this.#arrivedBytes} bytes under way`)
    this.#keep(this.#world.random.between(0, this.#arrivedBytes))
    this.#lane.drop()
    this.#finish('broken')
    this.#world.clock.after(this.#world.delay(), () => this.#left(false))
  }

  /** Nothing arrives any more, and neither end is told. The node's machine gives it up in the end. */
  wedge(): void {
    if (this.#isDead) return
    this.#isDead = true
    this.#lane.drop()
    this.#world.say(() => `${this.#name}: nothing arrives any more`)
    this.#world.clock.after(this.#world.random.between(1_000, 60_000), () => this.#left(false))
  }

  /** The client closes it. */
  abort(): void {
    this.#finish('broken')
    if (this.#isDead) return
    this.#isDead = true
    this.#world.clock.after(this.#world.delay(), () => this.#left(false))
  }

  #left(isComplete: boolean): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.#unsent = []
    this.#gone()
    this.#stream?.left(isComplete)
  }

  #finish(state: 'ended' | 'broken'): void {
    if (this.#state === 'open') this.#state = state
    this.#wake()
  }

  /** Bytes go on their way as far as there is room for them. */
  #move(): void {
    if (this.#isMoving || this.#isDead) return
    const room = this.#size.window - this.#arrivedBytes
    if (this.#unsentBytes === 0 ? !this.#isEnding : room <= 0) return
    this.#isMoving = true
    this.#lane.send(() => {
      this.#isMoving = false
      if (this.#isDead) return
      if (this.#unsentBytes === 0) return this.#close()
      this.#arrive(Math.min(room, this.#unsentBytes))
    })
  }

  #close(): void {
    this.#isDead = true
    this.#left(true)
    this.#finish('ended')
  }

  #arrive(most: number): void {
    const { random } = this.#world
    // Most of what is sent together arrives together.
    let left = random.chance(0.7) ? most : random.between(1, most)
    while (left > 0) {
      const first = this.#unsent.shift()
      if (first === undefined) break
      const part = first.length > left ? first.subarray(0, left) : first
      if (part !== first) this.#unsent.unshift(first.subarray(left))
      this.#arrived.push(part)
      this.#arrivedBytes += part.length
      this.#unsentBytes -= part.length
      left -= part.length
    }
    this.#wake()
    this.#move()
    if (this.#isFull && this.#unsentBytes < this.#size.socket / 2) {
      this.#isFull = false
      this.#stream?.drained()
    }
  }

  /** What the client reads at once: all that there is, or less. */
  #taken(): Uint8Array {
    const { random } = this.#world
    const first = this.#arrived.shift() ?? new Uint8Array()
    const size = random.chance(0.8) ? first.length : random.between(1, first.length)
    if (size < first.length) this.#arrived.unshift(first.subarray(size))
    this.#arrivedBytes -= size
    return first.subarray(0, size)
  }

  /** Of what has arrived, only so many bytes will ever be read. */
  #keep(bytes: number): void {
    const kept: Uint8Array[] = []
    let left = bytes
    for (const chunk of this.#arrived) {
      if (left <= 0) break
      kept.push(chunk.subarray(0, left))
      left -= Math.min(left, chunk.length)
    }
    this.#arrived = kept
    this.#arrivedBytes = bytes
  }
}
