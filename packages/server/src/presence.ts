import type { PresenceControl } from '@sse/schema/wire'

/** Who is on a topic. */
export interface Presence {
  /** How many: identities, and clients without one. */
  readonly count: number
  /** The identities, in the order in which they came; at most 100. */
  readonly members: readonly string[]
}

/** Whoever is told. */
export interface PresenceReader {
  readonly identity: string | undefined
  /** The name that its client gives itself: for the time of a change it has two streams. */
  readonly client?: string | undefined
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

/** Somebody came to a topic, or is there no more. */
interface Change {
  readonly identity: string
  readonly isThere: boolean
}

interface Room {
  /** Each with how many of the changes were before it came, and the count that it was told. */
  readonly readers: Map<PresenceReader, { readonly changes: number; readonly count: number }>
  readonly members: Map<string, Member>
  /** Without an identity: how many streams each client has, and each reader that names none. */
  readonly anonymous: Map<string | PresenceReader, number>
  /** Those that are still to be told. */
  changes: Change[]
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
    const { identity } = reader
    if (identity === undefined) {
      const key = reader.client ?? reader
      room.anonymous.set(key, (room.anonymous.get(key) ?? 0) + 1)
    } else {
      const member = room.members.get(identity)
      clearTimeout(member?.leaving)
      if (member === undefined) {
        room.members.set(identity, { streams: 1, leaving: undefined })
        room.changes.push({ identity, isThere: true })
      } else {
        member.streams++
        member.leaving = undefined
      }
    }
    const count = countOf(room)
    room.readers.set(reader, { changes: room.changes.length, count })
    reader.tellPresence({
      type: 'sse.presence',
      topic,
      count,
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
    if (identity === undefined) {
      const key = reader.client ?? reader
      const left = (room.anonymous.get(key) ?? 0) - 1
      if (left > 0) room.anonymous.set(key, left)
      else room.anonymous.delete(key)
    }
    const member = identity === undefined ? undefined : room.members.get(identity)
    if (member !== undefined && identity !== undefined && --member.streams === 0) {
      member.leaving = setTimeout(() => {
        room.members.delete(identity)
        room.changes.push({ identity, isThere: false })
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
      readers: new Map(),
      members: new Map(),
      anonymous: new Map(),
      changes: [],
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
      const all = changed(room.changes)
      for (const [reader, known] of room.readers) {
        // Who came meanwhile was told at once who was there, itself included.
        const { joined, left } = known.changes === 0 ? all : changed(room.changes.slice(known.changes))
        room.readers.set(reader, { changes: 0, count })
        if (joined.length + left.length === 0 && count === known.count) continue
        // More than one message holds: who keeps a list takes it from the count alone.
        reader.tellPresence({ type: 'sse.presence', topic, count, joined, left, reset: false })
      }
      room.changes = []
    }, interval)
    unref(room.timer)
  }

  #giveBack(topic: string, room: Room): void {
    if (room.readers.size > 0 || room.members.size > 0) return
    clearTimeout(room.timer)
    this.#rooms.delete(topic)
  }
}

/** What has changed in the end, as far as a message holds it. Gone and back, or come and gone, is no change. */
function changed(changes: readonly Change[]): { readonly joined: readonly string[]; readonly left: readonly string[] } {
  const [joined, left] = [new Set<string>(), new Set<string>()]
  for (const { identity, isThere } of changes) {
    const [to, from] = isThere ? [joined, left] : [left, joined]
    if (!from.delete(identity)) to.add(identity)
    // In a crowd each reader has its own part of the changes: to look at all of it for each would take the square of it.
    if (to.size === mostNamed) break
  }
  return { joined: [...joined], left: [...left] }
}

function countOf({ members, anonymous }: Room): number {
  return members.size + anonymous.size
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
