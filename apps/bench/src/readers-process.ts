import { answerRequests } from './child.ts'
import { type ReadersRequest, readersRequest } from './messages.ts'
import { Readers } from './readers.ts'

let readers: Readers | undefined

async function answer(request: ReadersRequest): Promise<object> {
  if (request.ask === 'connect') {
    readers = await Readers.connect(request)
    return {}
  }
  if (readers === undefined) throw new Error('Nobody has connected yet')
  if (request.ask === 'await') return readers.complete(request.last, request.within)
  readers.begin()
  return {}
}

answerRequests(readersRequest, answer)
