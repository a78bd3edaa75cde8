import path from 'node:path'
import { HttpStatusError, ServerError, type Subscription, type SubscriptionError, subscribe } from '@sse/client'
import type { DecodedPayloads } from '@sse/schema'
import { describe, expect, it, onTestFinished } from 'vitest'
import { contract, credentialOf, deskEvents, type User } from '../contract.js'
import { Desk } from './desk.js'
import { openHub, serveUsers } from './hub.js'
import { eventually, served, temporaryFolder } from './testing/served.js'

const inboxes = { ana: contract.inbox({ userId: 'ana' }).name, ben: contract.inbox({ userId: 'ben' }).name }

interface Reader {
  readonly live: Subscription<DecodedPayloads<typeof deskEvents>>
  readonly texts: string[]
  readonly errors: SubscriptionError[]
}

/** Reads as that user, until the test is over. */
function read(url: string, user: User, topics: readonly string[], lastEventId = ''): Reader {
  const texts: string[] = []
  const errors: SubscriptionError[] = []
  const live = subscribe(`${url}/?${new URLSearchParams(topics.map((topic) => ['topic', topic]))}`, {
    events: deskEvents,
    headers: { authorization: credentialOf(user) },
    lastEventId,
    onError: (error) => errors.push(error),
  })
  onTestFinished(() => live.close())
  live.on('note', ({ data }) => texts.push(data.text))
  return { live, texts, errors }
}

function noteOf(to: User, text: string) {
  return { to, text, key: `key-of-${text}` }
}

describe('the hub', () => {
  it('gives each user their own inbox, and tells them that another is not theirs', async () => {
    const { hub, close } = openHub(path.join(await temporaryFolder(), 'hub.sqlite'))
    onTestFinished(close)
    const url = await served(serveUsers(hub))
    const ana = read(url, 'ana', [inboxes.ana, inboxes.ben])
    const ben = read(url, 'ben', [inboxes.ben])
    // They begin at now, which is when they are live: not when they are connected.
    await eventually(() => expect([ana.live.lastEventId, ben.live.lastEventId]).not.toContain(''))
    const desk = new Desk(hub)
    await desk.send('ana', noteOf('ben', 'to Ben'))
    await desk.send('ben', noteOf('ana', 'to Ana'))
    await eventually(() => expect([ana.texts, ben.texts]).toEqual([['to Ana'], ['to Ben']]))
    expect(ana.errors).toEqual([new ServerError('denied', 'You may not read these topics.', ['users/ben/inbox'])])
    expect(ben.errors).toEqual([])
  })

  it('refuses who asks for nothing but what is not theirs, and who says nothing about themselves', async () => {
    const { hub, close } = openHub(path.join(await temporaryFolder(), 'hub.sqlite'))
    onTestFinished(close)
    const url = await served(serveUsers(hub))
    const { live, errors } = read(url, 'ana', [inboxes.ben])
    await eventually(() => expect(live.state).toBe('closed'))
    expect(errors).toEqual([new HttpStatusError(`GET ${url}/`, 403)])
    expect((await fetch(`${url}/?topic=${inboxes.ben}`)).status).toBe(401)
  })

  it('has a note once, however often it is sent', async () => {
    const { hub, close } = openHub(path.join(await temporaryFolder(), 'hub.sqlite'))
    onTestFinished(close)
    const url = await served(serveUsers(hub))
    const desk = new Desk(hub)
    for (let n = 0; n < 3; n += 1) await desk.send('ben', noteOf('ana', 'once'))
    await desk.send('ben', noteOf('ana', 'then this'))
    const { texts } = read(url, 'ana', [`${inboxes.ana}@last:50`])
    await eventually(() => expect(texts).toEqual(['once', 'then this']))
  })

  it('goes on after a restart where its readers were', async () => {
    const file = path.join(await temporaryFolder(), 'hub.sqlite')
    const first = openHub(file)
    const before = read(await served(serveUsers(first.hub)), 'ana', [`${inboxes.ana}@last:50`])
    await new Desk(first.hub).send('ben', noteOf('ana', 'one'))
    await eventually(() => expect(before.texts).toEqual(['one']))
    const { lastEventId } = before.live
    before.live.close()
    await new Desk(first.hub).send('ben', noteOf('ana', 'two'))
    await first.close()
    const second = openHub(file)
    onTestFinished(second.close)
    const after = read(await served(serveUsers(second.hub)), 'ana', [inboxes.ana], lastEventId)
    await new Desk(second.hub).send('ben', noteOf('ana', 'three'))
    await eventually(() => expect(after.texts).toEqual(['two', 'three']))
    expect(after.errors).toEqual([])
  })
})
