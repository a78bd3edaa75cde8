import type { IncomingHttpHeaders } from 'node:http'
import { credentialOf, type User, users } from '../contract.js'
import { HttpError } from './http.js'

/** What a request without a credential is told. */
export const unknownUser = 'Say who you are: send the credential of a user in the Authorization header.'

/** Whose credential a request shows. An application would look at a session or a token here. */
export function userOf({ authorization }: Pick<IncomingHttpHeaders, 'authorization'>): User | undefined {
  return users.find((user) => credentialOf(user) === authorization)
}

/** @throws HttpError */
export function requireUser(headers: Pick<IncomingHttpHeaders, 'authorization'>): User {
  const user = userOf(headers)
  if (user === undefined) throw new HttpError(401, unknownUser)
  return user
}
