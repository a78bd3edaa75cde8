// The worker's own file. In tests Node runs it as it is, which is why imports in this directory have their real extensions:
// Node takes the types away, and does not look for a `.ts` where a `.js` is asked for.

import { parentPort, workerData } from 'node:worker_threads'
import type { FromWorker, ToWorker, WorkerSettings } from './protocol.ts'
import { Turns } from './turns.ts'

const settings: WorkerSettings = workerData
const turns = new Turns(settings, (message: FromWorker) => parentPort?.postMessage(message))

parentPort?.on('message', ({ id, question }: ToWorker) => {
  if (question.kind !== 'close') return turns.ask(id, question)
  turns.close(id)
  parentPort?.close()
})
