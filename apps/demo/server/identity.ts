import { type User, userHeader, users } from '../contract.js'
import { HttpError } from './http.js'

interface WithHeaders {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** Who a request says it is. A demo believes it; an application would look at a session or a token here. */
export function userOf({ headers }: WithHeaders): User | undefined {
  return users.find((user) => user === headers[userHeader])
}

/** @throws HttpError */
export function requireUser(request: WithHeaders): User {
  const user = userOf(request)
  if (user === undefined) throw new HttpError(401, `Say who you are, in the header ${userHeader}.`)
  return user
}
