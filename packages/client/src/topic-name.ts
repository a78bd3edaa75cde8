import { encodeSegment, ownName } from '@sse/schema/wire'
import { OptionError } from './errors.js'

/**
 * The name of a topic by its channel's pattern, where only the types of the contract are at hand; of a subtree where the pattern ends in
 * a star.
 *
 * @throws OptionError for a param that a contract would refuse.
 */
export function topicName(pattern: string, params: Readonly<Record<string, unknown>>): string {
  const segments = pattern.split('/').map((segment) => {
    const param = segment.slice(1)
    const value = params[param]
    if (segment[0] !== ':') return segment
    // `undefined` and `NaN` would name a topic, too; a URL would resolve dots.
    if ((typeof value !== 'string' && !Number.isFinite(value)) || /^\.?\.?$|\p{Surrogate}/u.test(`${value}`))
      throw new OptionError(`params: ${param} must be text or a number, not empty or dots`)
    return encodeSegment(`${value}`)
  })
  return ownName(segments.join('/'))
}
