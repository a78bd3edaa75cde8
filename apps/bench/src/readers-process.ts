import { answerRequests } from './answering.ts'
import { type ReadersRequest, readersRequest } from './messages.ts'
import { Readers } from './readers.ts'

const readers = new Readers()

async function answer(request: ReadersRequest): Promise<object> {
  switch (request.ask) {
    case 'connect':
      await readers.connect(request)
      return {}
    case 'begin':
      readers.begin()
      return {}
    case 'await':
      return readers.complete(request.last, request.within)
    case 'cpu':
      return process.cpuUsage()
  }
}

answerRequests(readersRequest, answer)
