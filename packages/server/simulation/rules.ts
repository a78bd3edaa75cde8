/** A rule of resume, and the shipped code without it. */
export interface Rule {
  /** As the design numbers it, and a letter. */
  readonly name: string
  readonly rule: string
  /** Where it stands, from the repository's `packages` on. */
  readonly file: string
  readonly code: string
  /** What stands there in its place. */
  readonly without: string
}

/** Each rule, taken out alone, is found by the simulation: so the simulation looks at every one of them. */
export const rules: readonly Rule[] = [
  {
    name: '1a',
    rule: 'A watch is acknowledged before the history is read.',
    file: 'server/src/feed.ts',
    code: 'await this.#link.watch(names)\n',
    without: 'void this.#link.watch(names)\n',
  },
  {
    name: '1b',
    rule: 'The first link of each topic is checked, and each one after it.',
    file: 'server/src/replay.ts',
    code: 'if (previous > last) lost.add(source.topic)',
    without: '',
  },
  {
    name: '1c',
    rule: 'Topics are merged by position.',
    file: 'server/src/replay.ts',
    code: 'entries.sort((one, other) => one.position - other.position)',
    without: '',
  },
  {
    name: '1d',
    rule: 'Of the live entries only those above the replayed ones follow.',
    file: 'server/src/hub-reader.ts',
    code: 'if (entry.position > this.#safe) this.#take(entry)',
    without: 'this.#deliver(entry)',
  },
  {
    name: '1e',
    rule: 'Nothing is delivered at or below the cursor.',
    file: 'server/src/hub-reader.ts',
    code: 'if (entry.position > this.#cursor) {\n      this.#deliver(entry)',
    without: 'if (true) {\n      this.#deliver(entry)',
  },
  {
    name: '1f',
    rule: 'What came live while the history was read is not forgotten.',
    file: 'server/src/hub-reader.ts',
    code: 'else this.#isIncomplete = true\n  }\n\n  distrust',
    without: '  }\n\n  distrust',
  },
  {
    name: '2a',
    rule: 'After an interruption all tails are compared.',
    file: 'server/src/feed.ts',
    code: 'interrupted: () => this.#interrupted() }',
    without: 'interrupted: () => {} }',
  },
  {
    name: '2b',
    rule: 'Until they are, the source stands still.',
    file: 'server/src/feed.ts',
    code: 'if (this.#queue === undefined) this.#take(entry)\n    else if (this.#queue.length < mostQueued) this.#queue.push(entry)\n    else this.#again = true',
    without: 'this.#take(entry)',
  },
  {
    name: '2c',
    rule: 'A comparison vouches only for what was watched when it was asked for.',
    file: 'server/src/feed.ts',
    code: 'for (const watch of asked.values()) watch.base = Math.max(watch.base, position)',
    without:
      'const isLate = (name: string) => [...this.#late.keys()].some((late) => late === name || subtreeOf(late) === name)\n' +
      '    for (const [name, watch] of this.#watches) if (asked.has(name) || !isLate(name)) watch.base = Math.max(watch.base, position)',
  },
  {
    name: '3a',
    rule: 'An entry that links to what did not come is a hole.',
    file: 'server/src/feed.ts',
    code: 'if (watches.every(({ base }) => previous === last || previous <= base)) {',
    without: 'if (true) {',
  },
  {
    name: '3b',
    rule: 'What is repaired behind the cursor closes the stream.',
    file: 'server/src/hub-reader.ts',
    code: 'if (entry.position > this.#liveUntil) continue',
    without: 'if (true) continue',
  },
  {
    name: '3c',
    rule: 'It goes back to the last position that was verified.',
    file: 'server/src/hub-reader.ts',
    code: 'void this.stream.release(close, ',
    without: 'void this.stream.release(close), void (',
  },
  {
    name: '3d',
    rule: 'A topic is read from where it is known to be whole, not from the cursor.',
    file: 'server/src/join-plan.ts',
    code: ': Math.min(after, known?.reached.get(topic) ?? after)',
    without: ': after',
  },
  {
    name: '4a',
    rule: 'Tails are compared now and then: lost is not quiet.',
    file: 'server/src/feed.ts',
    code: 'if (before !== undefined && this.#isMissing(name, before)) this.#lose(name, position)\n      else late',
    without: 'if (false) late',
  },
  {
    name: '4b',
    rule: 'Who deletes a topic raises the floor.',
    file: 'server/src/history.ts',
    code: 'this.#floor = Math.max(this.#floor, tail)',
    without: '',
  },
  {
    name: '4c',
    rule: 'No tail and a cursor below the floor is a gap.',
    file: 'server/src/join-plan.ts',
    code: 'trimmed.push(name)',
    without: '{}',
  },
  {
    name: '4d',
    rule: 'A topic born again links to the floor.',
    file: 'server/src/history.ts',
    code: 'tail: this.#floor,',
    without: 'tail: 0,',
  },
  {
    name: '4e',
    rule: 'A topic that was forgotten during an interruption may have had entries up to the floor.',
    file: 'server/src/feed.ts',
    code: 'new Map([...asked.keys()].map((name) => [name, floor]))',
    without: 'new Map<string, number>()',
  },
  {
    name: '5',
    rule: 'Age is told by the time in the entry, for positions are no times.',
    file: 'server/src/history.ts',
    code: 'oldest.time > now - milliseconds',
    without: 'oldest.position > log.tail - milliseconds / 1_000',
  },
  {
    name: '6a',
    rule: 'A cursor is good only up to the end of its epoch.',
    file: 'server/src/cursor.ts',
    code: 'past !== undefined && cursor.at <= past.end ?',
    without: 'past !== undefined ?',
  },
  {
    name: '6b',
    rule: 'A cursor in the future is worth nothing.',
    file: 'server/src/cursor.ts',
    code: 'return cursor.at <= shard.position ? cursor.at : undefined',
    without: 'return cursor.at',
  },
  {
    name: '6c',
    rule: 'An entry of another epoch is noticed.',
    file: 'server/src/feed.ts',
    code: 'if (entry.epoch !== this.#epoch) {',
    without: 'if (false) {',
  },
  {
    name: '6d',
    rule: 'In another epoch, what a cursor is worth is judged anew.',
    file: 'server/src/feed.ts',
    code: 'reader.rejoin()\n',
    without: 'void reader\n',
  },
  {
    name: '6e',
    rule: 'Two epochs are not mixed in a replay.',
    file: 'server/src/hub-reader.ts',
    code: 'return epoch === state.epoch || state.past.some((past) => past.epoch === epoch)',
    without: 'return epoch !== undefined || state.past.length < 0',
  },
  {
    name: '6f',
    rule: 'Positions of one epoch vouch for nothing in another.',
    file: 'server/src/feed.ts',
    code: 'const base = state.epoch === this.#epoch ? state.position : 0',
    without: 'const base = state.position',
  },
  {
    name: '7a',
    rule: 'The end of a topic is a positioned entry.',
    file: 'server/src/hub-reader.ts',
    code: "this.stream.tell({ type: 'sse.end', topics: [topic], reason: entry.data }, delivery.id)",
    without: '',
  },
  {
    name: '7b',
    rule: '204 only where the cursor is at or past every end.',
    file: 'server/src/create-hub.ts',
    code: 'return after !== undefined && after >= tail.position',
    without: 'return after !== undefined',
  },
  {
    name: '8a',
    rule: 'Private sends carry no id.',
    file: 'server/src/event-stream.ts',
    code: 'if (this.#feeder !== undefined && event.id !== undefined) throw new HubStreamIdError()',
    without: '',
  },
  {
    name: '8b',
    rule: 'Only events with their own id are told apart by it.',
    file: 'client/src/transport/check-links.ts',
    code: "const { position = '', control, event } = readMessage(session, message, '')",
    without: "const { control, event, position = event?.id ?? '' } = readMessage(session, message, request.lastEventId)",
  },
  {
    name: '9a',
    rule: 'Conflation appends at the end: in its old place the newer one would come before what led to it.',
    file: 'server/src/outbox.ts',
    code: 'this.#queue.push(frame)\n',
    without:
      'const there = frame.overflow?.policy === "conflate" ? this.#queue.indexOf(undefined, this.#head) : -1\n' +
      '    if (there < 0) this.#queue.push(frame)\n    else this.#queue[there] = frame\n',
  },
  {
    name: '9b',
    rule: 'The gap of drop-oldest goes directly before the next event.',
    file: 'server/src/outbox.ts',
    code: 'text += gap + next.text',
    without: 'text += next.text + gap',
  },
  {
    name: '10',
    rule: 'A subtree has announcements of its own.',
    file: 'server/src/memory-backplane.ts',
    code: 'subtree === undefined ? undefined : this.#watchers.get(subtree)',
    without: 'undefined',
  },
  {
    name: 'chain',
    rule: 'The client checks the links.',
    file: 'schema/src/wire/chain.ts',
    code: 'const linked = loose || previous <= had',
    without: 'const linked = loose || previous <= had || true',
  },
  {
    name: 'chain-2',
    rule: 'A server vouches only for what came since the connection began.',
    file: 'schema/src/wire/chain.ts',
    code: 'const known = ranges.find(({ from, to }) => from <= at && at <= to)',
    without: 'const known = ranges.at(-1)',
  },
]
