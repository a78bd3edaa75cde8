import { credentialOf, type User } from '../../contract.js'

/** Sends JSON, and gives back the JSON of the answer. @throws where the server refuses, or is not there. */
export async function post(url: string, body: object = {}, user?: User): Promise<unknown> {
  const headers = { 'content-type': 'application/json', ...(user && { authorization: credentialOf(user) }) }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`the server answered ${response.status}`)
  return response.json()
}
