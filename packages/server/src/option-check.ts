import { told } from './arguments.js'
import { ArgumentError, OptionError } from './errors.js'

/** What an option takes. Of `anything` the option's own check says more. */
type Kind = 'function' | 'boolean' | 'number' | 'string' | 'object' | 'anything'

/** What each of some options takes. */
export type Kinds<Options> = { readonly [Name in keyof Options & string]-?: Kind }

const words: { readonly [K in Kind]: string } = {
  function: 'a function',
  boolean: 'true or false',
  number: 'a number',
  string: 'a string',
  object: 'an object',
  anything: 'another value',
}

/**
 * Checks that there are only options that are known, each of the right type: an option that is written wrongly would pass in
 * silence, and its default would hold. One that is undefined is one that is not there.
 *
 * @param of the option that holds them; without it they are a function's own.
 * @throws OptionError naming the option, ArgumentError for what holds no options.
 */
export function checkOptions(options: unknown, kinds: Readonly<Record<string, Kind>>, of?: string): void {
  const names = Object.keys(kinds)
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const problem = `is ${told(options)}: it takes { ${names.join(', ')} }`
    throw of === undefined ? new ArgumentError('options', problem) : new OptionError(of, problem)
  }
  const given: readonly [string, unknown][] = Object.entries(options)
  for (const [name, value] of given) {
    if (value === undefined) continue
    const option = of === undefined ? name : `${of}.${name}`
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
    if (kind === undefined) throw new OptionError(option, `is unknown: ${suggestion(name, names)}`)
    if (!isOf(kind, value)) throw new OptionError(option, `is ${told(value)}: it takes ${words[kind]}`)
  }
}

function isOf(kind: Kind, value: unknown): boolean {
  if (kind === 'anything') return true
  return kind === 'object' ? typeof value === 'object' && value !== null && !Array.isArray(value) : typeof value === kind
}

/** What somebody who wrote this name may have meant. */
export function suggestion(name: string, names: readonly string[]): string {
  const slips = names.filter((known) => distance(name.toLowerCase(), known.toLowerCase()) <= 2)
  const near = slips.length > 0 ? slips : names.filter((known) => known.startsWith(name.slice(0, 3)))
  return near.length > 0 ? `did you mean ${near.join(' or ')}?` : `there are ${names.join(', ')}`
}

/** How many letters one has to add, leave out or replace (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1]
    for (let at = 1; at <= to.length; at++) {
      const replaced = (row[at - 1] ?? 0) + (letter === to[at - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[at] ?? 0) + 1, (next[at - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
