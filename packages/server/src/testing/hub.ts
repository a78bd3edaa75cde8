import { createServer } from 'node:http'
import { createServer as createServer2 } from 'node:http2'
import { createAdaptorServer } from '@hono/node-server'
import { type Channel, type Contract, channel, defineContract, text } from '@sse/schema'
import { z } from 'zod'
import { fetchHandler } from '../adapters/fetch-handler.js'
import { nodeHandler } from '../adapters/node-handler.js'
import type { HandlerOptions } from '../handler.js'
import type { Hub, HubOptions } from '../hub.js'
import { createHub, memoryBackplane } from '../index.js'
import type { NodeRequest } from '../node.js'
import type { ErrorContext } from '../options.js'
import { type Ask, type Served, served, servedHttp, servedHttp2 } from './adapters.js'
import { Reading } from './reading.js'

export interface TestChannels {
  readonly order: Channel<'orders/:orderId', { readonly created: { n: number }; readonly note: { text: string } }>
  readonly inbox: Channel<'users/:userId/inbox', { readonly message: { text: string } }>
  readonly log: Channel<'logs/:name', { readonly line: string }>
}

export const contract: Contract<TestChannels> = defineContract({
  order: channel('orders/:orderId', { created: z.object({ n: z.number() }), note: z.object({ text: z.string() }) }),
  inbox: channel('users/:userId/inbox', { message: z.object({ text: z.string() }) }),
  log: channel('logs/:name', { line: text }),
})

/** A request of any adapter. */
export type AnyRequest = NodeRequest | Request

type TestHandlerOptions = HandlerOptions<TestChannels, AnyRequest>

/** One way from a request to a hub. All of them must behave alike: the conformance suite of the handlers runs over each. */
export interface HubAdapter {
  readonly name: string
  serve(hub: Hub<TestChannels>, options: TestHandlerOptions): Promise<Served>
}

const nodeHttp: HubAdapter = {
  name: 'node:http',
  serve: (hub, options) => servedHttp(createServer(nodeListener(hub, options))),
}

const nodeHttp2: HubAdapter = {
  name: 'node:http2',
  serve: (hub, options) => servedHttp2(createServer2(nodeListener(hub, options))),
}

export const hubOverFetch: HubAdapter = {
  name: 'Fetch',
  serve: async (hub, options) => served(fetchHandler(hub, options)),
}

const fetchUnderHono: HubAdapter = {
  name: 'Fetch under @hono/node-server',
  serve: (hub, options) => servedHttp(createAdaptorServer({ fetch: fetchHandler(hub, options) })),
}

export const hubAdapters: readonly HubAdapter[] = [nodeHttp, nodeHttp2, hubOverFetch, fetchUnderHono]

/** What `createServer` takes: a handler that rejects would be an unhandled rejection, and fail the test run. */
export function nodeListener(
  hub: Hub<TestChannels>,
  options: TestHandlerOptions,
): (...[request, response]: Parameters<ReturnType<typeof nodeHandler>>) => void {
  const serve = nodeHandler(hub, options)
  return (request, response) => void serve(request, response)
}

/** A header of a request, whichever adapter it came by. */
export function headerOf({ headers }: AnyRequest, name: string): string | undefined {
  const value = headers instanceof Headers ? headers.get(name) : headers[name]
  return typeof value === 'string' ? value : undefined
}

/** Allows what is asked for. */
export const everybody: TestHandlerOptions['authorize'] = ({ topics, subtrees }) => ({ allow: [...topics, ...subtrees] })

/** A hub behind a server. Disposing of it stops both. */
export interface HubServer extends AsyncDisposable {
  readonly hub: Hub<TestChannels>
  /** What the handler's `onError` was told. */
  readonly errors: readonly { readonly error: unknown; readonly context: ErrorContext }[]
  /** What the hub's `onError` was told. */
  readonly hubErrors: readonly unknown[]
  ask(ask?: Ask): Promise<Reading>
  /** The same by names: `?topic=…`, and whatever else is given. */
  get(topics: readonly string[], ask?: Ask & { readonly query?: Readonly<Record<string, string>> }): Promise<Reading>
  /** The same as JSON. */
  post(body: unknown, ask?: Ask): Promise<Reading>
  order(orderId: string | number, n: number): Promise<string>
}

export interface HubServerOptions {
  readonly hub?: Partial<HubOptions<TestChannels>>
  readonly handler?: Partial<TestHandlerOptions>
}

export async function serveHub(adapter: HubAdapter, { hub: hubOptions, handler }: HubServerOptions = {}): Promise<HubServer> {
  const errors: { error: unknown; context: ErrorContext }[] = []
  const hubErrors: unknown[] = []
  const backplane = hubOptions?.backplane ?? memoryBackplane()
  const onError = (error: unknown): void => void hubErrors.push(error)
  const hub = createHub<TestChannels>({ contract, onError, ...hubOptions, backplane })
  const running = await adapter.serve(hub, {
    authorize: everybody,
    onError: (error, context) => errors.push({ error, context }),
    ...handler,
  })
  const ask = async (asked: Ask = {}): Promise<Reading> => new Reading(await running.ask(asked))
  return {
    hub,
    errors,
    hubErrors,
    ask,
    get: (topics, { query = {}, ...asked } = {}) =>
      ask({ ...asked, path: `/events?${new URLSearchParams([...topics.map((topic) => ['topic', topic]), ...Object.entries(query)])}` }),
    post: (body, asked = {}) =>
      ask({
        path: '/events',
        method: 'POST',
        ...asked,
        headers: { 'content-type': 'application/json', ...asked.headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    order: async (orderId, n) => (await hub.publish(contract.order({ orderId }), { type: 'created', data: { n } })).position,
    [Symbol.asyncDispose]: async () => {
      await hub.close()
      await running[Symbol.asyncDispose]()
      await backplane.close()
    },
  }
}
