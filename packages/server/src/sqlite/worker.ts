// The worker's own file. Node runs it from here as it is in tests, hence the real extensions of what it imports.

import { parentPort, workerData } from 'node:worker_threads'
import type { FromWorker, ToWorker, WorkerSettings } from './protocol.ts'
import { Turns } from './turns.ts'

const settings: WorkerSettings = workerData
const turns = new Turns(settings, (message: FromWorker) => parentPort?.postMessage(message))

parentPort?.on('message', (message: ToWorker) => {
  if ('unwatch' in message) turns.unwatch(message.unwatch)
  else if (message.question.kind === 'close') {
    turns.close(message.id)
    parentPort?.close()
  } else turns.ask(message.id, message.question)
})
