import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AnyEvents, DecodedPayloads } from '@sse/schema'
import type { Stream } from '@sse/server'
import { respond } from '@sse/server/node'
import { type Panel, panels } from '../contract.js'

/** Short, so that heartbeats are seen in the wire inspector. The default of 15,000 ms suits an application. */
const heartbeat = 5_000

interface Connection {
  readonly panel: Panel
  readonly cut: () => void
  readonly close: (retry: number) => Promise<void>
}

/** Every open stream of this process, to be cut for show, and closed in order when the server stops. */
export class Connections {
  readonly #open = new Set<Connection>()

  /** Answers with a stream, and knows it for as long as it is open. */
  async serve<E extends AnyEvents>(
    panel: Panel,
    request: IncomingMessage,
    response: ServerResponse,
    events: E,
    produce: (stream: Stream<DecodedPayloads<E>>) => Promise<unknown>,
  ): Promise<void> {
    await respond(request, response, { events, heartbeat, methods: [panel === 'answer' ? 'POST' : 'GET'] }, async (stream) => {
      const connection: Connection = {
        panel,
        // No goodbye: to the reader this is a cable that was pulled.
        cut: () => request.socket.destroy(),
        close: (retry) => stream.close({ retry }),
      }
      this.#open.add(connection)
      try {
        await produce(stream)
      } finally {
        this.#open.delete(connection)
      }
    })
  }

  /** Breaks off the connections of one panel, or of all. Returns how many there were. */
  cut(panel?: Panel): number {
    const chosen = [...this.#open].filter((connection) => panel === undefined || connection.panel === panel)
    for (const { cut } of chosen) cut()
    return chosen.length
  }

  /** Lets every reader go, to come back after `retry` milliseconds. */
  async close(retry: number): Promise<void> {
    await Promise.all([...this.#open].map(({ close }) => close(retry)))
  }
}

export function isPanel(name: string | undefined): name is Panel {
  return panels.some((panel) => panel === name)
}
