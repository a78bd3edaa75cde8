import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { handle } from '../fetch-handler.ts'

const app = new Hono()
app.all('*', ({ req }) => handle(req.raw))
serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => console.log(`http://127.0.0.1:${port}`))
