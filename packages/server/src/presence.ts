import type { PresenceControl } from '@sse/schema/wire'

/** Who is on a topic. */
export interface Presence {
  /** How many: identities, and streams without one. */
  readonly count: number
  /** The identities, in the order in which they came; at most 100. */
  readonly members: readonly string[]
}

/** Whoever is told. */
export interface PresenceReader {
  readonly identity: string | undefined
  tellPresence(control: PresenceControl): void
}

/** Names in one message, at most: counts stay exact. */
const mostNamed = 100
/** How long after its last stream an identity is still there, in milliseconds: a reconnection is no leaving. */
const grace = 5_000
/** Changes are told together, this often at most, in milliseconds: a crowd that comes would otherwise be told to itself one by one. */
const interval = 250

interface Member {
  streams: number
  leaving: ReturnType<typeof setTimeout> | undefined
}

interface Room {
  readonly readers: Set<PresenceReader>
  readonly members: Map<string, Member>
  /** Streams without an identity. */
  anonymous: number
  /** Of those, how many were told. */
  told: number
  readonly joined: Set<string>
  readonly left: Set<string>
  timer: ReturnType<typeof setTimeout> | undefined
}

/** Who is on the topics of this node. */
export class PresenceBoard {
  readonly #rooms = new Map<string, Room>()

  of(topic: string): Presence {
    const room = this.#rooms.get(topic)
    return room === undefined ? { count: 0, members: [] } : { count: countOf(room), members: named(room.members.keys()) }
  }

  enter(topic: string, reader: PresenceReader): void {
    const room = this.#room(topic)
    room.readers.add(reader)
    const { identity } = reader
    if (identity === undefined) room.anonymous++
    else {
      const member = room.members.get(identity)
      clearTimeout(member?.leaving)
      if (member === undefined) {
        room.members.set(identity, { streams: 1, leaving: undefined })
        // Gone and back between two messages: nobody heard of either.
        if (!room.left.delete(identity)) room.joined.add(identity)
      } else {
        member.streams++
        member.leaving = undefined
      }
    }
    reader.tellPresence({
      type: 'sse.presence',
      topic,
      count: countOf(room),
      joined: named(room.members.keys()),
      left: [],
      reset: true,
    })
    this.#tellSoon(topic, room)
  }

  leave(topic: string, reader: PresenceReader): void {
    const room = this.#rooms.get(topic)
    if (room === undefined || !room.readers.delete(reader)) return
    const { identity } = reader
    if (identity === undefined) room.anonymous--
    const member = identity === undefined ? undefined : room.members.get(identity)
    if (member !== undefined && identity !== undefined && --member.streams === 0) {
      member.leaving = setTimeout(() => {
        room.members.delete(identity)
        if (!room.joined.delete(identity)) room.left.add(identity)
        this.#tellSoon(topic, room)
        this.#giveBack(topic, room)
      }, grace)
      unref(member.leaving)
    }
    this.#tellSoon(topic, room)
    this.#giveBack(topic, room)
  }

  close(): void {
    for (const { timer, members } of this.#rooms.values()) {
      clearTimeout(timer)
      for (const { leaving } of members.values()) clearTimeout(leaving)
    }
    this.#rooms.clear()
  }

  #room(topic: string): Room {
    const known = this.#rooms.get(topic)
    if (known !== undefined) return known
    const room: Room = {
      readers: new Set(),
      members: new Map(),
      anonymous: 0,
      told: 0,
      joined: new Set(),
      left: new Set(),
      timer: undefined,
    }
    this.#rooms.set(topic, room)
    return room
  }

  #tellSoon(topic: string, room: Room): void {
    if (room.timer !== undefined || room.readers.size === 0) return
    room.timer = setTimeout(() => {
      room.timer = undefined
      const count = countOf(room)
      if (room.joined.size === 0 && room.left.size === 0 && count === room.told) return
      const control: PresenceControl = {
        type: 'sse.presence',
        topic,
        count,
        joined: named(room.joined),
        left: named(room.left),
        // More than one message holds: who keeps a list takes it from the count alone.
        reset: false,
      }
      room.told = count
      room.joined.clear()
      room.left.clear()
      for (const reader of room.readers) reader.tellPresence(control)
    }, interval)
    unref(room.timer)
  }

  #giveBack(topic: string, room: Room): void {
    if (room.readers.size > 0 || room.members.size > 0) return
    clearTimeout(room.timer)
    this.#rooms.delete(topic)
  }
}

function countOf({ members, anonymous }: Room): number {
  return members.size + anonymous
}

function named(identities: Iterable<string>): string[] {
  const names: string[] = []
  for (const identity of identities) {
    if (names.length === mostNamed) break
    names.push(identity)
  }
  return names
}

/** No such timer keeps a process alive. In browsers' runtimes it is a number. */
function unref(timer: ReturnType<typeof setTimeout>): void {
  if (typeof timer === 'object') timer.unref()
}
