import { type Chain, controlMessage, createChain, formatPosition, type Message, parsePosition } from '@sse/schema/wire'
import { ConnectionError } from '../errors.js'
import { readMessage, type Session } from '../session.js'
import { fetchTransport } from './fetch.js'
import { type ConnectRequest, nameOf, type OpenConnection, type Transport } from './transport.js'

/**
 * A transport that checks that nothing is lost on the way: `subscribe(url, { transport: checkLinks() })`. On a hub's stream
 * each event names the one before it of its topic. Where that one is missing it connects anew, from that topic's last good
 * position, for the server may still have it; where it is missing there, too, a gap is told before the event. Of an event
 * that the reader had, only the position is left. It adds some 1 kB, gzipped; without it the server is trusted.
 *
 * @param transport what it checks. Default: fetch.
 */
export function checkLinks(transport: Transport = fetchTransport): Transport {
  /** Of each subscription, whose URL is one object for all attempts. */
  const chains = new WeakMap<URL, Chain>()
  return async (request) => {
    const start = parsePosition(request.lastEventId)
    const chain = chains.get(request.url) ?? createChain(start)
    chains.set(request.url, chain)
    chain.begin(start)
    const connection = await transport(request)
    return connection && checked(connection, chain, request)
  }
}

function checked(connection: OpenConnection, chain: Chain, request: ConnectRequest): OpenConnection {
  const session: Session = {}
  let broken: ConnectionError | undefined
  return {
    read: async () => {
      if (broken) throw broken
      const messages = await connection.read()
      const passed: Message[] = []
      for (const message of messages ?? []) {
        const { position = '', control, event } = readMessage(session, message, '')
        const { ready } = session
        if (control?.type === 'sse.gap') chain.gap(control.reason)
        // The id of other control vouches for nothing: that of an end is where its topic ends.
        const told = ready && parsePosition(control ? (control.type === 'sse.live' ? control.position : '') : position)
        if (!told || !event) {
          if (told) chain.verified(told)
          passed.push(message)
          continue
        }
        const { topic = '' } = event
        const link = chain.take(topic, told)
        if (link === 'broken') {
          broken = new ConnectionError(`${nameOf(request)} left out an event before ${position}`)
          // Where the next attempt begins.
          passed.push({ id: formatPosition(told.epoch, chain.good(topic)) })
          break
        }
        if (link === 'gap') passed.push(controlMessage({ type: 'sse.gap', topics: topic ? [topic] : [], reason: 'trimmed' }, ready.key))
        passed.push(link === 'seen' ? { id: position } : message)
      }
      return messages && passed
    },
  }
}
