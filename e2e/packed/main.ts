import { once } from 'node:events'
import { server } from './send.js'
import { read } from './subscribe.js'

server.listen(0, '127.0.0.1')
await once(server, 'listening')
const address = server.address()
if (typeof address !== 'object' || address === null) throw new Error('no port')
console.log(JSON.stringify(await read(`http://127.0.0.1:${address.port}/orders/42/events`)))
server.close()
