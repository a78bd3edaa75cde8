import { clientParam, endId } from '@sse/schema/wire'
import { type Asked, askedInBody, clientNamed, MalformedError } from '../asked.js'
import { byName } from '../authorize.js'
import { isBrowser } from '../browser.js'
import { coreOf } from '../create-hub.js'
import { decide, type HandlerOptions, type HubRequest, handlerSettings } from '../handler.js'
import type { Hub } from '../hub.js'
import type { Settings } from '../options.js'
import { cursorsOf, openWith } from './fetch.js'

/**
 * Serves a hub's topics wherever the Fetch API does: `GET ?topic=orders/42&topic=users/7/inbox`, or `POST` with the same as
 * JSON. Never rejects for what a reader does.
 *
 * @throws OptionError, ArgumentError
 */
export function fetchHandler<C extends object>(hub: Hub<C>, options: HandlerOptions<C, Request>): (request: Request) => Promise<Response> {
  const core = coreOf(hub)
  const settings = handlerSettings(options)
  const { authorize, address } = options
  const allows = byName(hub.contract, authorize)
  return async (request) => {
    // HEAD, OPTIONS, what is not allowed, and who has seen the end: answered without a stream.
    const { header } = cursorsOf(request, new URL(request.url))
    if (!settings.methods.includes(request.method) || header === endId) return openWith(request, settings).response
    const outcome = await decide(core, settings, allows, hubRequest(request, settings, address))
    if ('run' in outcome) {
      const { stream, response } = openWith<object>(request, settings)
      outcome.run(stream).catch((error: unknown) => stream.fail(error))
      return response
    }
    const { status, headers, body } = outcome
    return new Response(status === 204 ? null : body, { status, headers })
  }
}

function hubRequest(
  request: Request,
  settings: Settings,
  address: ((request: Request) => string | undefined) | undefined,
): HubRequest<Request> {
  const { method, headers } = request
  const url = new URL(request.url)
  return {
    original: request,
    name: `${method} ${url.pathname}`,
    origin: headers.get('origin') ?? undefined,
    isBrowser: isBrowser(method, (name) => headers.get(name)),
    client: clientNamed(url.searchParams.get(clientParam)),
    address: () => address?.(request),
    asked: async () => {
      const { header, query } = cursorsOf(request, url)
      const inQuery: Asked = { topics: url.searchParams.getAll('topic'), reconnectedAt: header, cursor: query }
      if (method === 'GET') return inQuery
      const body = askedInBody(await bodyOf(request, settings.writeTimeout))
      return { ...body, cursor: body.cursor ?? query, reconnectedAt: header }
    },
    whenGone: (callback) => {
      if (request.signal.aborted) callback()
      else request.signal.addEventListener('abort', callback, { once: true })
    },
  }
}

/** In bytes. Some thousands of topics fit. */
const longestBody = 262_144

async function bodyOf(request: Request, deadline: number): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let length = 0
  let isLate = false
  const reader = request.body?.getReader()
  // A sender that drips would hold its place for as long as the server lets it.
  const timer = setTimeout(() => {
    isLate = true
    reader?.cancel().catch(() => {})
  }, deadline)
  try {
    for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) {
      length += next.value.length
      // Read to its end all the same: some servers break off the connection of who stops, and the answer with it.
      if (length <= longestBody) text += decoder.decode(next.value, { stream: true })
    }
  } catch {
    throw new MalformedError(400, 'The body broke off')
  } finally {
    clearTimeout(timer)
  }
  if (isLate) throw new MalformedError(400, 'The body broke off')
  if (length > longestBody) throw new MalformedError(413, `The body is over ${longestBody} bytes: ask for fewer topics`)
  return text + decoder.decode()
}
