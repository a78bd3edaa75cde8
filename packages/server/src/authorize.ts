import { type AnySubtree, type AnyTopic, type Contract, parseSubtree, parseTopic, type SubtreeOf, type TopicOf } from '@sse/schema'

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
  /** Of the topics and subtrees that were asked for, those that are allowed. Others that are named here are left out. */
  readonly allow: readonly Pick<AnyTopic | AnySubtree, 'name'>[]
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

/** Decides what a request may read, before anything is sent. What it throws is answered with 500, and goes to `onError`. */
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
