import { ParamError, PatternError } from './errors.js'
import { reservedPrefix } from './wire/control.js'
import { encodeSegment, ownName } from './wire/name.js'

/** The names of a pattern's params: `'orders/:orderId'` has `'orderId'`. */
export type ParamNames<P extends string> = P extends `${infer Segment}/${infer Rest}` ? ParamName<Segment> | ParamNames<Rest> : ParamName<P>
type ParamName<Segment extends string> = Segment extends `:${infer Name}` ? Name : never

/** The params that make a topic of a pattern. Any pattern known only as `string` takes any params. */
export type ParamsOf<P extends string> = string extends P
  ? Readonly<Record<string, string | number>>
  : { readonly [K in ParamNames<P>]: string | number }

/** The params read back from a topic's name, always strings. */
export type ParamStringsOf<P extends string> = string extends P
  ? Readonly<Record<string, string>>
  : { readonly [K in ParamNames<P>]: string }

/** `'tenants/:t/orders/:id'` → `'tenants/:t/orders'`: what comes before the last segment. */
export type PrefixOf<P extends string, Before extends string = ''> = string extends P
  ? string
  : P extends `${infer Segment}/${infer Rest}`
    ? PrefixOf<Rest, Before extends '' ? Segment : `${Before}/${Segment}`>
    : Before

/** The pattern itself, or what is wrong with it: the type that it then does not fit. */
export type CheckedPattern<P extends string> = [PatternProblem<P>] extends [never] ? P : PatternProblem<P>

/** The same that `parsePattern` says, segment by segment. */
type PatternProblem<P extends string, Rest extends string = P, Seen = never> = string extends P
  ? never
  : P extends ''
    ? 'a pattern needs at least one segment'
    : P extends `sse.${string}`
      ? `pattern "${P}" begins with "sse.", which begins the protocol's own messages: name it otherwise`
      : Rest extends `${infer Segment}/${infer More}`
        ? [SegmentProblem<P, Segment, Seen>] extends [never]
          ? PatternProblem<P, More, Seen | ParamName<Segment>>
          : SegmentProblem<P, Segment, Seen>
        : SegmentProblem<P, Rest, Seen>

type SegmentProblem<P extends string, Segment extends string, Seen> = Segment extends ''
  ? `pattern "${P}" has an empty segment: remove the extra "/"`
  : Segment extends `:${infer Name}`
    ? ParamProblem<P, Name, Seen>
    : Segment extends '.' | '..'
      ? `pattern "${P}" has the segment "${Segment}", which URLs would resolve: name it otherwise`
      : [Foreign<Segment, Unreserved>] extends [never]
        ? never
        : `pattern "${P}" holds "${Foreign<Segment, Unreserved>}", which a topic's name cannot: use A-Z a-z 0-9 - . _ ~ in segments`

type ParamProblem<P extends string, Name extends string, Seen> = Name extends '' | '__proto__' | `${Digit}${string}`
  ? ParamNameWords<P, Name>
  : [Foreign<Name, Letter | Digit | '_'>] extends [never]
    ? Name extends Seen
      ? `pattern "${P}" has the param "${Name}" twice: give each its own name`
      : never
    : ParamNameWords<P, Name>

type ParamNameWords<
  P extends string,
  Name extends string,
> = `pattern "${P}" has the param ":${Name}", whose name must be letters, digits and "_", not beginning with a digit`

/** The first character that is not in an alphabet, or never. A character at a time: the compiler does this without a stack. */
type Foreign<S extends string, Alphabet> = S extends `${infer First}${infer Rest}`
  ? First extends Alphabet
    ? Foreign<Rest, Alphabet>
    : First
  : never

type Lower =
  | ('a' | 'b' | 'c' | 'd' | 'e' | 'f' | 'g' | 'h' | 'i' | 'j' | 'k' | 'l' | 'm')
  | ('n' | 'o' | 'p' | 'q' | 'r' | 's' | 't' | 'u' | 'v' | 'w' | 'x' | 'y' | 'z')
type Letter = Lower | Uppercase<Lower>
type Digit = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9'
type Unreserved = Letter | Digit | '-' | '.' | '_' | '~'

/** A pattern without its params' names, `'orders/:'`: two of one shape have the same names. */
export type ShapeOf<P extends string, Before extends string = ''> = P extends `${infer Segment}/${infer Rest}`
  ? ShapeOf<Rest, `${Before}${ShapeOfSegment<Segment>}/`>
  : `${Before}${ShapeOfSegment<P>}`
type ShapeOfSegment<Segment extends string> = Segment extends `:${string}` ? ':' : Segment

type Segment = { readonly literal: string } | { readonly param: string }

/** A pattern taken apart, checked. */
export interface Pattern {
  readonly text: string
  readonly segments: readonly Segment[]
}

/** @throws PatternError naming what a topic's name could not carry. */
export function parsePattern(text: string): Pattern {
  if (text.startsWith(reservedPrefix)) {
    throw new PatternError(text, `begins with "${reservedPrefix}", which begins the protocol's own messages: name it otherwise`)
  }
  const segments = text.split('/').map((segment): Segment => {
    if (segment === '')
      throw new PatternError(text, text === '' ? 'needs at least one segment' : 'has an empty segment: remove the extra "/"')
    if (segment.startsWith(':')) return { param: checkedParamName(text, segment.slice(1)) }
    return { literal: checkedLiteral(text, segment) }
  })
  const names = segments.flatMap((segment) => ('param' in segment ? [segment.param] : []))
  const repeated = names.find((name, index) => names.indexOf(name) !== index)
  if (repeated !== undefined) throw new PatternError(text, `has the param "${repeated}" twice: give each its own name`)
  return { text, segments }
}

function checkedParamName(pattern: string, name: string): string {
  if (!/^[A-Za-z_]\w*$/.test(name) || name === '__proto__') {
    throw new PatternError(pattern, `has the param ":${name}", whose name must be letters, digits and "_", not beginning with a digit`)
  }
  return name
}

function checkedLiteral(pattern: string, segment: string): string {
  // Only what percent-encoding leaves alone, so that a name is written in one way only.
  const culprit = /[^A-Za-z0-9\-._~]/.exec(segment)?.[0]
  if (culprit !== undefined) {
    throw new PatternError(pattern, `holds ${JSON.stringify(culprit)}, which a topic's name cannot: use A-Z a-z 0-9 - . _ ~ in segments`)
  }
  if (segment === '.' || segment === '..')
    throw new PatternError(pattern, `has the segment "${segment}", which URLs would resolve: name it otherwise`)
  return segment
}

/** Whether some name fits both patterns, so that a topic would belong to two channels. */
export function overlap(a: Pattern, b: Pattern): boolean {
  return (
    a.segments.length === b.segments.length &&
    a.segments.every((left, index) => {
      const right = b.segments[index]
      return right === undefined || 'param' in left || 'param' in right || left.literal === right.literal
    })
  )
}

/**
 * A topic's name: the pattern with each param percent-encoded, so that no value can forge another topic, a subtree
 * (`*`), a start (`@`), a type (`#`), a message of the protocol's own (`sse.`) or a second name for the same topic.
 *
 * @throws ParamError for a param that is missing, unknown, empty, `.` or `..`, not a string or finite number, or holds a
 * lone surrogate.
 */
export function nameOf({ text, segments }: Pattern, params: Readonly<Record<string, unknown>>): string {
  const known = new Set<string>()
  const name = segments
    .map((segment) => {
      if ('literal' in segment) return segment.literal
      known.add(segment.param)
      return encodeParam(text, segment.param, Object.hasOwn(params, segment.param) ? params[segment.param] : undefined)
    })
    .join('/')
  const stray = Object.keys(params).find((param) => !known.has(param))
  if (stray !== undefined) throw new ParamError(stray, text, 'is not in the pattern: remove it')
  return ownName(name)
}

/** The params in a topic's name, or undefined if it is not a name that `nameOf` could have made. */
export function paramsIn(pattern: Pattern, name: string): Readonly<Record<string, string>> | undefined {
  const parts = name.split('/')
  if (parts.length !== pattern.segments.length) return undefined
  const params: Record<string, string> = {}
  try {
    pattern.segments.forEach((segment, index) => {
      if ('param' in segment) params[segment.param] = decodeURIComponent(parts[index] ?? '')
    })
    // Only the one spelling that encoding gives is this topic's name: `a%62` or a bare `@` is not a second one.
    return nameOf(pattern, params) === name ? params : undefined
  } catch {
    return undefined
  }
}

function encodeParam(pattern: string, param: string, value: unknown): string {
  if (value === undefined) throw new ParamError(param, pattern, 'is missing')
  const finite = typeof value === 'number' && Number.isFinite(value)
  if (typeof value !== 'string' && !finite) throw new ParamError(param, pattern, 'must be a string or a finite number')
  const plain = String(value)
  if (plain === '') throw new ParamError(param, pattern, 'is empty, which would name a topic of another shape')
  if (/\p{Surrogate}/u.test(plain)) throw new ParamError(param, pattern, 'holds a lone surrogate, which UTF-8 cannot carry')
  // A client may put a name into a URL's path, where these two are resolved away, `%2E` just as `.` (WHATWG URL).
  if (plain === '.' || plain === '..') {
    throw new ParamError(param, pattern, `is ${JSON.stringify(plain)}, which URLs resolve even when encoded: put something before it`)
  }
  return encodeSegment(plain)
}
