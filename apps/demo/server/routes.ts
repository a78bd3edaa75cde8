import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'
import { answerEvents, answerRequest, jobRequest, progressEvents, pulseEvents } from '../contract.js'
import type { Answers } from './answer.js'
import { type Connections, isStreamName } from './connections.js'
import { checked, HttpError, readJson, requireSameOrigin, sendJson } from './http.js'
import { type HubServices, routeHub } from './hub-routes.js'
import { fillProgress, type Jobs } from './jobs.js'
import type { Pulse } from './pulse.js'

export interface Services extends HubServices {
  readonly answers: Answers
  readonly connections: Connections
  readonly jobs: Jobs
  readonly metrics: Registry
  readonly pulse: Pulse
  /** Answers all that is not below `/api/`, but for `/metrics`. */
  readonly page: RequestListener
}

/** The server's one listener. */
export function routes(services: Services): RequestListener {
  return (request, response) => {
    if (request.url === '/metrics') {
      sendMetrics(response, services.metrics).catch((error: unknown) => refuse(response, error))
      return
    }
    if (!request.url?.startsWith('/api/')) return services.page(request, response)
    route(request, response, services).catch((error: unknown) => refuse(response, error))
  }
}

async function route(request: IncomingMessage, response: ServerResponse, services: Services): Promise<void> {
  const { answers, connections, jobs, pulse } = services
  const [resource, ...rest] = (request.url ?? '').slice('/api/'.length).split('?')[0]?.split('/') ?? []
  const [first, second] = rest
  if (request.method === 'POST') requireSameOrigin(request)
  switch (`${request.method} ${resource} ${rest.length}`) {
    case 'GET pulse 0':
      return connections.serve('pulse', request, response, pulseEvents, (stream) => pulse.fill(stream))
    case 'POST jobs 0': {
      const { seconds } = checked(jobRequest.safeParse(await readJson(request)))
      const job = jobs.start(seconds)
      if (job === undefined) throw new HttpError(429, 'Too many jobs are running: wait for one to be done.')
      return sendJson(response, 201, { id: job.id })
    }
    case 'GET jobs 2': {
      const job = jobs.get(first ?? '')
      if (second !== 'events' || job === undefined) throw new HttpError(404, 'There is no such job.')
      return connections.serve('progress', request, response, progressEvents, (stream) => fillProgress(job, stream))
    }
    case 'POST answer 0': {
      const { prompt } = checked(answerRequest.safeParse(await readJson(request)))
      return connections.serve('answer', request, response, answerEvents, (stream) => answers.fill(prompt, stream))
    }
    case 'GET answer 1':
      if (first !== 'stats') break
      return sendJson(response, 200, answers.stats)
    case 'POST cut 0':
      return sendJson(response, 200, { cut: connections.cut() })
    case 'POST cut 1':
      if (!isStreamName(first)) break
      return sendJson(response, 200, { cut: connections.cut(first) })
  }
  if (await routeHub(`${request.method} ${rest.length === 0 ? resource : [resource, ...rest].join('/')}`, request, response, services))
    return
  throw new HttpError(404, 'There is nothing here.')
}

async function sendMetrics(response: ServerResponse, metrics: Registry): Promise<void> {
  const text = await metrics.metrics()
  response.writeHead(200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' }).end(text)
}

function refuse(response: ServerResponse, error: unknown): void {
  // Who left while sending the body hears no answer.
  if (response.destroyed) return
  if (!(error instanceof HttpError)) console.error(error)
  if (response.headersSent) response.destroy()
  else if (error instanceof HttpError) sendJson(response, error.status, { error: error.message })
  else sendJson(response, 500, { error: 'The server failed.' })
}
