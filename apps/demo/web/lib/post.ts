/** Sends JSON, and gives back the JSON of the answer. @throws where the server refuses, in its words. */
export async function post(url: string, body: object = {}): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`the server answered ${response.status}`)
  return response.json()
}
