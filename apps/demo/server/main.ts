import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Answers } from './answer.js'
import { Connections } from './connections.js'
import { Desk } from './desk.js'
import { Figures } from './figures.js'
import { repositoryOf } from './files.js'
import { openHub, serveUsers } from './hub.js'
import { Jobs } from './jobs.js'
import { metricsOf } from './metrics.js'
import { servePage } from './page.js'
import { Pulse } from './pulse.js'
import { routes } from './routes.js'
import { SlowReader } from './slow-reader.js'

const host = process.env['HOST'] || '127.0.0.1'
const port = Number(process.env['PORT'] || 4000)
/** From dist/server/main.js. */
const home = path.resolve(import.meta.dirname, '../..')
const web = path.join(home, 'dist/web')

if (!Number.isInteger(port) || port < 0 || port > 65_535) fail(`PORT=${process.env['PORT']} is no port: give a number from 0 to 65535.`)
if (!existsSync(web)) fail('The page is not built: run `pnpm demo` at the root of the repository, which builds it first.')

const server = createServer()
server.on('error', (error: NodeJS.ErrnoException) => {
  fail(
    error.code === 'EADDRINUSE' ? `Port ${port} is taken: stop what runs there, or choose another with PORT=${port + 1}.` : error.message,
  )
})
server.listen(port, host, () => {
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`
  // Of each port its own: two servers must not go on with the same job.
  const data = process.env['DATA'] || path.join(home, '.cache', String(bound))
  const { hub, close } = openHub(path.join(data, 'hub.sqlite'))
  const desk = new Desk(hub)
  const connections = new Connections(hub)
  const pulse = new Pulse()
  const jobs = new Jobs(path.join(data, 'jobs'), repositoryOf(home))
  const answers = new Answers(path.join(home, 'answers.md'))
  const tell = (what: string): void => void desk.tell('The slow reader', what).catch((error: unknown) => console.error('activity:', error))
  const slowReader = new SlowReader({ hub, url, tell })
  const figures = new Figures(hub, slowReader)
  void figures.run()
  const metrics = metricsOf(() => hub.stats())
  const page = servePage(web)
  server.on('request', routes({ answers, connections, desk, jobs, metrics, page, pulse, serve: serveUsers(hub), slowReader }))
  process.stdout.write(`Demo: ${url}/\n`)

  const stop = async (): Promise<void> => {
    pulse.stop()
    jobs.stop()
    slowReader.stop()
    figures.stop()
    server.close()
    // Readers are told to come back; one that takes nothing any more does not hold the server up.
    await Promise.race([hub.drain({ within: 300 }), pause(1_000)])
    server.closeAllConnections()
    await Promise.race([close(), pause(1_000)])
    process.exit(0)
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
})

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}
