import { credentialOf, type User } from '../../contract.js'

/** In milliseconds. While other tabs of this page hold all of the browser's connections, a request waits without a word. */
const patience = 8_000

/** Sends JSON, and gives back the JSON of the answer. @throws where the server refuses, or is not there. */
export async function post(url: string, body: object = {}, user?: User): Promise<unknown> {
  const headers = { 'content-type': 'application/json', ...(user && { authorization: credentialOf(user) }) }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal: AbortSignal.timeout(patience) }).catch(
    (error: unknown) => {
      const isLate = error instanceof DOMException && error.name === 'TimeoutError'
      throw new Error(isLate ? 'no answer came, perhaps because too many tabs of this page are open' : 'the server is not there')
    },
  )
  if (!response.ok) throw new Error(`the server answered ${response.status}`)
  return response.json()
}
