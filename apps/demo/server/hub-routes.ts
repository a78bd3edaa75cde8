import type { IncomingMessage, ServerResponse } from 'node:http'
import { activityRequest, noteRequest, readRequest, slowReaderRequest } from '../contract.js'
import type { Connections } from './connections.js'
import type { Desk } from './desk.js'
import { checked, HttpError, readJson, sendJson } from './http.js'
import type { serveUsers } from './hub.js'
import { requireUser, userOf } from './identity.js'
import type { SlowReader } from './slow-reader.js'

export interface HubServices {
  readonly connections: Connections
  readonly desk: Desk
  readonly serve: ReturnType<typeof serveUsers>
  readonly slowReader: SlowReader
}

/** Answers what is about the hub. False: it is not. */
export async function routeHub(
  route: string,
  request: IncomingMessage,
  response: ServerResponse,
  { connections, desk, serve, slowReader }: HubServices,
): Promise<boolean> {
  switch (route) {
    case 'GET hub': {
      const user = userOf(request.headers)
      if (user === undefined) await serve(request, response)
      else await connections.hold(user, request, () => serve(request, response))
      return true
    }
    case 'GET traffic':
      await slowReader.serve(request, response)
      return true
    case 'POST notes': {
      const user = requireUser(request.headers)
      await desk.send(user, checked(noteRequest.safeParse(await readJson(request))))
      sendJson(response, 200, {})
      return true
    }
    case 'POST read': {
      const user = requireUser(request.headers)
      await desk.read(user, checked(readRequest.safeParse(await readJson(request))))
      sendJson(response, 200, {})
      return true
    }
    case 'POST activity': {
      const user = requireUser(request.headers)
      await desk.post(user, checked(activityRequest.safeParse(await readJson(request))))
      sendJson(response, 200, {})
      return true
    }
    case 'POST slow-reader': {
      const { policy } = checked(slowReaderRequest.safeParse(await readJson(request)))
      if (slowReader.isRunning) throw new HttpError(409, 'It is slow already: let it read on first.')
      slowReader.start(policy).catch((error: unknown) => console.error('slow reader:', error))
      sendJson(response, 202, {})
      return true
    }
    case 'POST slow-reader/read':
      slowReader.letGo()
      sendJson(response, 200, {})
      return true
    default:
      return false
  }
}
