import { clientParam, endId } from '@sse/schema/wire'
import { type Asked, askedInBody, clientNamed, MalformedError } from '../asked.js'
import { byName } from '../authorize.js'
import { isBrowser } from '../browser.js'
import { coreOf } from '../create-hub.js'
import type { EventStream } from '../event-stream.js'
import { decide, type HandlerOptions, type HubRequest, handlerSettings, type Refused } from '../handler.js'
import type { Hub } from '../hub.js'
import type { Settings } from '../options.js'
import { cursorsOf, methodOf, type NodeRequest, type NodeResponse, nameOf, openWith, searchOf } from './node.js'

/**
 * Serves a hub's topics on `node:http` and `node:http2`, and wherever a framework hands on its request and response:
 * `GET ?topic=orders/42&topic=users/7/inbox`, or `POST` with the same as JSON. What it returns resolves when the response is
 * over, and never rejects for what a reader does.
 *
 * @throws OptionError, ArgumentError
 */
export function nodeHandler<C extends object>(
  hub: Hub<C>,
  options: HandlerOptions<C, NodeRequest>,
): (request: NodeRequest, response: NodeResponse) => Promise<void> {
  const core = coreOf(hub)
  const settings = handlerSettings(options)
  const { authorize, address = addressOf } = options
  const allows = byName(hub.contract, authorize)
  return async (request, response) => {
    // HEAD, OPTIONS, what is not allowed, and who has seen the end: answered without a stream.
    if (!settings.methods.includes(methodOf(request)) || cursorsOf(request).header === endId) {
      await openWith(request, response, settings).closed
      return
    }
    const outcome = await decide(core, settings, allows, hubRequest(request, response, settings, address))
    if (!('run' in outcome)) return refuse(response, outcome)
    // Whoever left while it was being decided needs no stream.
    if (response.destroyed) return outcome.give()
    let stream: EventStream<object>
    try {
      stream = openWith(request, response, settings)
    } catch (error) {
      outcome.give()
      throw error
    }
    await outcome.run(stream).catch((error: unknown) => stream.fail(error))
  }
}

function refuse(response: NodeResponse, { status, headers, body }: Refused): void {
  if (response.destroyed) return
  if ('stream' in response) response.writeHead(status, headers)
  else response.writeHead(status, headers)
  response.end(body)
}

function hubRequest(
  request: NodeRequest,
  response: NodeResponse,
  settings: Settings,
  address: (request: NodeRequest) => string | undefined,
): HubRequest<NodeRequest> {
  const { headers } = request
  return {
    original: request,
    name: nameOf(request),
    origin: headers.origin,
    isBrowser: isBrowser(methodOf(request), (name) => headers[name]?.toString()),
    client: clientNamed(searchOf(request).get(clientParam)),
    address: () => address(request),
    asked: async () => {
      const { header, query } = cursorsOf(request)
      const inQuery: Asked = { topics: searchOf(request).getAll('topic'), reconnectedAt: header, cursor: query }
      if (methodOf(request) === 'GET') return inQuery
      const body = askedInBody(await bodyOf(request, settings.writeTimeout))
      return { ...body, cursor: body.cursor ?? query, reconnectedAt: header }
    },
    whenGone: (callback) => {
      if (response.destroyed) callback()
      else response.once('close', callback)
    },
  }
}

function addressOf(request: NodeRequest): string | undefined {
  return request.socket?.remoteAddress
}

/** In bytes. Some thousands of topics fit. */
const longestBody = 262_144

/** The body, as text, or as middleware in front has read it. */
async function bodyOf(request: NodeRequest, deadline: number): Promise<unknown> {
  if ('body' in request && request.body !== undefined) return request.body
  const chunks: Uint8Array[] = []
  let length = 0
  // A sender that drips would hold its place for as long as the server lets it.
  const timer = setTimeout(() => request.destroy(), deadline)
  try {
    for await (const chunk of request) {
      const bytes: Uint8Array = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
      length += bytes.length
      // Read to its end all the same: who stops reading breaks off the connection, and the answer with it.
      if (length <= longestBody) chunks.push(bytes)
    }
  } catch {
    throw new MalformedError(400, 'The body broke off')
  } finally {
    clearTimeout(timer)
  }
  if (length > longestBody) throw new MalformedError(413, `The body is over ${longestBody} bytes: ask for fewer topics`)
  return new TextDecoder().decode(Buffer.concat(chunks))
}
