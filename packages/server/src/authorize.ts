import { type AnySubtree, type AnyTopic, type Contract, parseSubtree, parseTopic, type SubtreeOf, type TopicOf } from '@sse/schema'
import { told } from './arguments.js'
import { ArgumentError } from './errors.js'
import { suggestion } from './option-check.js'

/** What a request asks to read. */
export interface AuthorizeContext<C extends object, Request> {
  readonly request: Request
  /** The topics that it asks for, of those that the contract has. */
  readonly topics: readonly TopicOf<C>[]
  /** The subtrees that it asks for: whoever is allowed one gets every topic in it, those to come included. */
  readonly subtrees: readonly SubtreeOf<C>[]
}

/** What a request may read. */
export interface Authorization {
  /** Of the topics and subtrees that were asked for, those that are allowed, or their names. Others that are named here are left out. */
  readonly allow: readonly (string | Pick<AnyTopic | AnySubtree, 'name'>)[]
  /** Who reads, for limits, presence, `visibleTo` and `hub.disconnect`. Default: nobody in particular. */
  readonly identity?: string | undefined
  /** When this ends. The stream is closed then, also in the midst of a replay; the reader comes back and is asked again. */
  readonly expires?: Date | undefined
  /** Nothing that was published before is shown, whatever cursor the reader has. */
  readonly notBefore?: Date | undefined
}

/** Why a request gets no stream at all. */
export interface Refusal {
  /** Not 200 or 204, which have a meaning of their own here. */
  readonly status: 400 | 401 | 402 | 403 | 404 | 409 | 410 | 429 | 451 | 500 | 502 | 503
  /** Fit for the reader. */
  readonly message?: string | undefined
  /** More headers, as `www-authenticate` or `retry-after`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/**
 * Decides what a request may read, before anything is sent. What it throws is answered with 500, and goes to `onError`; so does
 * an ArgumentError for what it returns, where that is no answer.
 */
export type Authorize<C extends object, Request> = (
  context: AuthorizeContext<C, Request>,
) => Authorization | Refusal | Promise<Authorization | Refusal>

/** The same by name, where the contract's types do not matter. */
export type AuthorizeNames<Request> = (
  request: Request,
  topics: readonly string[],
  subtrees: readonly string[],
) => Authorization | Refusal | Promise<Authorization | Refusal>

/** Gives names their topics' types back. */
export function byName<C extends object, Request>(contract: Contract<C>, authorize: Authorize<C, Request>): AuthorizeNames<Request> {
  return (request, topics, subtrees) =>
    authorize({
      request,
      topics: topics.flatMap((name) => parseTopic(contract, name) ?? []),
      subtrees: subtrees.flatMap((name) => parseSubtree(contract, name) ?? []),
    })
}

/** What `authorize` has answered, checked. */
export type Answer =
  | {
      readonly allow: ReadonlySet<string>
      readonly identity: string | undefined
      /** In milliseconds since 1970, as the next. */
      readonly expires: number | undefined
      readonly notBefore: number | undefined
    }
  | { readonly status: number; readonly message: string | undefined; readonly headers: object | undefined }

const statuses: readonly unknown[] = [400, 401, 402, 403, 404, 409, 410, 429, 451, 500, 502, 503] satisfies Refusal['status'][]
const known: readonly string[] = ['allow', 'identity', 'expires', 'notBefore', 'status', 'message', 'headers']

/**
 * Nobody gets a stream by an answer that is none, nor one for longer than an option that is written wrongly meant.
 *
 * @throws ArgumentError
 */
export function answerOf(answer: unknown): Answer {
  if (typeof answer !== 'object' || answer === null) throw wrong(told(answer))
  const stray = Object.keys(answer).find((name) => !known.includes(name))
  if (stray !== undefined) throw wrong(`${told(stray)}, which is unknown (${suggestion(stray, known)})`)
  const { status, message, headers, ...granted }: { readonly [Name in keyof (Authorization & Refusal)]?: unknown } = answer
  if (status === undefined) return grantOf(granted)
  if (!statuses.includes(status)) throw wrong(`{ status: ${told(status)} }, which is none of ${statuses.join(', ')}`)
  if (headers !== undefined && (typeof headers !== 'object' || headers === null)) throw wrong(`headers as ${told(headers)}`)
  return { status: Number(status), message: textOf('message', message), headers }
}

function grantOf({ allow, identity, expires, notBefore }: { readonly [Name in keyof Authorization]?: unknown }): Answer {
  if (allow === undefined) throw wrong('an object with neither')
  if (!Array.isArray(allow)) throw wrong(`{ allow: ${told(allow)} }, which is no list`)
  return {
    allow: new Set(allow.map(nameOf)),
    identity: textOf('identity', identity),
    expires: timeOf('expires', expires),
    notBefore: timeOf('notBefore', notBefore),
  }
}

function nameOf(topic: unknown): string {
  const name: unknown = typeof topic === 'object' && topic !== null && 'name' in topic ? topic.name : topic
  if (typeof name !== 'string') throw wrong(`allow with ${told(topic)} in it, which is neither a topic nor a name`)
  return name
}

function textOf(name: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw wrong(`${name} as ${told(value)}, which is no text`)
}

function timeOf(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined
  if (!(value instanceof Date)) throw wrong(`${name} as ${told(value)}, which is no Date`)
  if (Number.isNaN(value.getTime())) throw wrong(`${name} as an invalid Date`)
  return value.getTime()
}

function wrong(what: string): ArgumentError {
  return new ArgumentError('authorize', `returned ${what}: it takes { allow: [topics] } or { status }`)
}
