import { subscribe } from '@sse/client'
import { type OrderEvents, orderEvents } from './contract.js'

export async function read(url: string): Promise<number[]> {
  const live = subscribe<OrderEvents>(url) // data has the wire's types: `at` is a string
  const safe = subscribe(url, { events: orderEvents }) // validated, codecs decoded: `at` is a Date

  const times: number[] = []
  live.on('shipped', ({ data, id }) => times.push(Date.parse(data.at) + id.length))
  for await (const event of safe) if (event.type === 'shipped') times.push(event.data.at.getTime())
  for await (const event of live) void event // to its end: then the handler has seen all
  return times
}
