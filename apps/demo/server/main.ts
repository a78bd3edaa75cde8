import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Answers } from './answer.js'
import { Connections } from './connections.js'
import { repositoryOf } from './files.js'
import { Jobs } from './jobs.js'
import { servePage } from './page.js'
import { Pulse } from './pulse.js'
import { routes } from './routes.js'

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
  const connections = new Connections()
  const pulse = new Pulse()
  // A folder for each port: two servers must not go on with the same job.
  const jobs = new Jobs(path.join(home, '.cache', `jobs-${bound}`), repositoryOf(home))
  const answers = new Answers(path.join(home, 'answers.md'))
  server.on('request', routes({ answers, connections, jobs, pulse, page: servePage(web) }))
  process.stdout.write(`Demo: http://${host.includes(':') ? `[${host}]` : host}:${bound}/\n`)

  const stop = async (): Promise<void> => {
    pulse.stop()
    jobs.stop()
    server.close()
    // Readers are told to come back; one that takes nothing any more does not hold the server up.
    await Promise.race([connections.close(500), pause(1_000)])
    server.closeAllConnections()
    process.exit(0)
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
})

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}
