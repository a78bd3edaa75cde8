import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AnyEvents, DecodedPayloads } from '@sse/schema'
import type { Stream } from '@sse/server'
import { respond } from '@sse/server/node'
import { type Panel, type StreamName, streamNames } from '../contract.js'
import { type DemoHub, heartbeat } from './hub.js'

interface Connection {
  readonly name: StreamName
  readonly request: IncomingMessage
}

/** Every open stream of this process by its name, to be cut for show. */
export class Connections {
  readonly #open = new Set<Connection>()
  readonly #hub: DemoHub

  constructor(hub: DemoHub) {
    this.#hub = hub
  }

  /** Answers with a stream that is not the hub's; it is drained with the hub's own. */
  async serve<E extends AnyEvents>(
    panel: Panel,
    request: IncomingMessage,
    response: ServerResponse,
    events: E,
    produce: (stream: Stream<DecodedPayloads<E>>) => Promise<unknown>,
  ): Promise<void> {
    await this.hold(panel, request, () =>
      respond(request, response, { events, heartbeat, methods: [panel === 'answer' ? 'POST' : 'GET'] }, async (stream) => {
        this.#hub.track(stream)
        await produce(stream)
      }),
    )
  }

  /** Knows a stream for as long as it is served. */
  async hold(name: StreamName, request: IncomingMessage, serve: () => Promise<void>): Promise<void> {
    const connection: Connection = { name, request }
    this.#open.add(connection)
    try {
      await serve()
    } finally {
      this.#open.delete(connection)
    }
  }

  /** Breaks off the connections of one name, or all. Returns how many there were. */
  cut(name?: StreamName): number {
    const chosen = [...this.#open].filter((connection) => name === undefined || connection.name === name)
    // No goodbye: to the reader this is a cable that was pulled.
    for (const { request } of chosen) request.socket.destroy()
    return chosen.length
  }
}

export function isStreamName(name: string | undefined): name is StreamName {
  return streamNames.some((known) => known === name)
}
