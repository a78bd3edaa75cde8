import { describe, expect, it } from 'vitest'
import type { DeskEvent } from '../../contract.js'
import { type Desk, emptyDesk, takeEvent, takeGap, takePresence, unreadOf } from './desk.js'

const at = new Date(0)

function noteOf(id: string): DeskEvent {
  return { type: 'note', data: { id, from: 'ben', text: id, at } }
}

function deskOf(...events: readonly DeskEvent[]): Desk {
  return events.reduce((desk, event, index) => takeEvent(desk, event, String(index + 1)), emptyDesk)
}

describe('takeEvent', () => {
  it('keeps the id with what the event has changed', () => {
    const desk = deskOf(noteOf('a'), { type: 'happened', data: { who: 'Ben', what: 'was here.', at } })
    expect(desk).toMatchObject({ lastEventId: '2', notes: [{ id: 'a' }], feed: [{ kind: 'line', id: '2', who: 'Ben' }] })
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
