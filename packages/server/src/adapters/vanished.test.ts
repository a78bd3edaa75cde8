import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createServer2 } from 'node:http2'
import type { Server } from 'node:net'
import { createInterface } from 'node:readline'
import { describe, expect, test } from 'vitest'
import { type Close, type NodeRequest, type NodeResponse, openStream, serverOptions } from '../node.js'
import { listen } from '../testing/adapters.js'
import { deferred } from '../testing/deferred.js'

// F4: half-open connections. A peer that loses its network or its power sends neither FIN nor RST.

/**
 * Sends what it is given, reads the beginning of an answer, and is gone for its server: a filter on its socket drops whatever
 * comes, so that its kernel acknowledges nothing, and refuses nothing. No other way to this needs no privilege.
 */
const vanishing = `
import ctypes, socket, struct, sys
peer = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
peer.sendall(bytes.fromhex(sys.argv[2]))
while b'sse.ready' not in peer.recv(65536):
    pass
nothing = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0))
peer.setsockopt(socket.SOL_SOCKET, 26, struct.pack('HL', 1, ctypes.addressof(nothing)))
print('gone', flush=True)
sys.stdin.read()
`

/** The request for a stream, in frames of HTTP/2: the preface, empty settings, and headers that end the request (RFC 9113 §3.4, §6). */
const http2Request = [
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n').toString('hex'),
  '000000040000000000',
  // :method GET, :scheme http, :path /, from the static table; and :authority a (RFC 7541, appendix A).
  '000006010500000001828684410161',
].join('')

const canVanish = ((): boolean => {
  if (process.platform !== 'linux') return false
  try {
    execFileSync('python3', ['-c', 'import ctypes, socket'])
    return true
  } catch {
    return false
  }
})()

describe.runIf(canVanish)('F4 a peer that is gone without a word', () => {
  type Handle = (request: NodeRequest, response: NodeResponse) => void

  test.each<[string, number, string, (handle: Handle) => Server]>([
    ['HTTP/1.1', 6_000, Buffer.from('GET / HTTP/1.1\r\nhost: sse.test\r\n\r\n').toString('hex'), (handle) => createServer(handle)],
    ['HTTP/2 with serverOptions', 15_000, http2Request, (handle) => createServer2({ ...serverOptions(), settings: {} }, handle)],
  ])(
    'is noticed within two heartbeats on a quiet stream: %s',
    async (_, heartbeat, request, create) => {
      const closed = deferred<Close>()
      const server = create((asked, response) => void openStream(asked, response, { heartbeat, onClose: closed.resolve }))
      const peer = spawn('python3', ['-c', vanishing, String(await listen(server)), request], { stdio: ['pipe', 'pipe', 'inherit'] })
      await once(createInterface(peer.stdout), 'line')
      const began = performance.now()
      expect(await closed.promise).toEqual({ reason: 'left', reconnect: true })
      expect(performance.now() - began).toBeLessThan(2 * heartbeat)
      peer.kill()
      server.close()
    },
    40_000,
  )
})
