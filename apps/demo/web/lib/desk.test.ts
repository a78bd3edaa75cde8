import { describe, expect, it } from 'vitest'
import type { DeskEvent, Figures } from '../../contract.js'
import { type Desk, emptyDesk, newestOf, takeEvent, takeGap, takePresence, unreadOf } from './desk.js'

const at = new Date(0)

function noteOf(id: string): DeskEvent {
  return { type: 'note', data: { id, from: 'ben', text: id, at } }
}

function deskOf(...events: readonly DeskEvent[]): Desk {
  return events.reduce(
    (desk, event, index) =>
      takeEvent(desk, event, { id: String(index + 1), topic: event.type === 'happened' ? 'activity' : 'users/ana/inbox' }),
    emptyDesk,
  )
}

describe('takeEvent', () => {
  it('keeps the id, by topic, with what the event has changed', () => {
    const desk = deskOf(noteOf('a'), { type: 'happened', data: { who: 'Ben', what: 'was here.', at } })
    expect(desk).toMatchObject({
      cursors: { activity: '2', 'users/ana/inbox': '1' },
      notes: [{ id: 'a' }],
      feed: [{ kind: 'line', id: '2', who: 'Ben' }],
    })
  })

  it('keeps the newest fifty', () => {
    const { notes } = deskOf(...Array.from({ length: 60 }, (_, n) => noteOf(`n${n}`)))
    expect([notes.length, notes[0]?.id, notes.at(-1)?.id]).toEqual([50, 'n59', 'n10'])
  })
})

describe('unreadOf', () => {
  it('counts what came after the note that was read last', () => {
    expect(unreadOf(deskOf(noteOf('a'), noteOf('b')))).toBe(2)
    expect(unreadOf(deskOf(noteOf('a'), noteOf('b'), { type: 'read', data: { upTo: 'a' } }))).toBe(1)
    expect(unreadOf(deskOf(noteOf('a'), { type: 'read', data: { upTo: 'a' } }, noteOf('b'), noteOf('c')))).toBe(2)
    expect(unreadOf(deskOf(noteOf('a'), { type: 'read', data: { upTo: 'a' } }))).toBe(0)
  })
})

describe('takeGap', () => {
  it('tells it in the feed, in its place', () => {
    const before = deskOf({ type: 'happened', data: { who: 'Ben', what: 'came.', at } })
    const desk = takeGap(before, 'ana', { topics: ['activity', 'figures'], reason: 'trimmed' })
    expect(desk.feed.map(({ kind }) => kind)).toEqual(['gap', 'line'])
    expect(desk.missed).toBeUndefined()
  })

  it('tells it in the inbox that it is about', () => {
    expect(takeGap(emptyDesk, 'ana', { topics: ['users/ana/inbox'], reason: 'reset' })).toMatchObject({ missed: 'reset', feed: [] })
  })

  it('is silent about figures', () => {
    expect(takeGap(emptyDesk, 'ana', { topics: ['figures'], reason: 'trimmed' })).toEqual(emptyDesk)
  })
})

describe('takePresence', () => {
  const change = { topic: 'activity', count: 0, joined: [], left: [], reset: false }

  it('adds who came, and removes who left', () => {
    const both = takePresence({ ...emptyDesk, here: ['ben'] }, { ...change, joined: ['ana', 'ben'] })
    expect(both.here).toEqual(['ben', 'ana'])
    expect(takePresence(both, { ...change, left: ['ben'] }).here).toEqual(['ana'])
  })

  it('begins anew when it is told to', () => {
    expect(takePresence({ ...emptyDesk, here: ['ben'] }, { ...change, joined: ['ana'], reset: true }).here).toEqual(['ana'])
  })
})

describe('newestOf', () => {
  it('goes by time, for the counts of a server that was started again are lower', () => {
    const old = { at: new Date(100), hub: statsOf(600), slowReader: null }
    const young = { at: new Date(200), hub: statsOf(5), slowReader: null }
    expect(newestOf([emptyDesk, { figures: young }, { figures: old }])).toBe(young)
    expect(newestOf([emptyDesk])).toBeUndefined()
  })
})

function statsOf(published: number): Figures['hub'] {
  return {
    streams: 0,
    topics: 0,
    published,
    delivered: 0,
    replays: { count: 0, events: 0 },
    gaps: { trimmed: 0, reset: 0, overflow: 0 },
    overflows: { disconnected: 0, conflated: 0, dropped: 0 },
    stalled: 0,
    rewound: 0,
    refused: { streams: 0, identity: 0, address: 0, rate: 0, draining: 0, denied: 0, malformed: 0, failed: 0 },
    deniedTopics: 0,
    outboxes: { bytes: 0, frames: 0, largest: 0 },
    draining: false,
  }
}
