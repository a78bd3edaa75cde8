import { type AnyEvents, type AnySubtree, type AnyTopic, isEvents, isText, NameError } from '@sse/schema'
import { kindOf, told } from './arguments.js'
import type { AnyChannelSettings } from './channel-settings.js'
import { OptionError } from './errors.js'
import { checkOptions, type Kinds } from './option-check.js'
import { checkedBounds } from './retention.js'

/** One channel of a contract whose types do not matter. */
export interface AnyContractChannel {
  readonly channel: string
  readonly events: AnyEvents
  readonly pattern: string
  parse(name: string): AnyTopic | undefined
  parseAll?(name: string): AnySubtree | undefined
}

/** A contract whose types do not matter. */
export type AnyContract = Readonly<Record<string, AnyContractChannel>>

/**
 * What `defineContract` has made, checked for those who write without types.
 *
 * @throws OptionError, and NameError where one type is text in one channel and JSON in another.
 */
export function anyContract(contract: unknown): AnyContract {
  if (typeof contract !== 'object' || contract === null) {
    throw new OptionError('contract', `is ${kindOf(contract)}: it takes what defineContract returns`)
  }
  const entries = Object.entries(contract).map(([key, value]: [string, unknown]) => {
    if (isChannel(value)) return [key, value] as const
    throw new OptionError('contract', `has ${JSON.stringify(key)}, which is no channel: make it with defineContract`)
  })
  // Not key by key: a channel named `__proto__` would become the prototype, and its topics unknown.
  const channels: AnyContract = Object.fromEntries(entries)
  checkTypes(channels)
  return channels
}

/** @throws OptionError for a setting that makes no sense, or of a channel that the contract does not have. */
export function channelSettings(channels: object, contract: AnyContract): ReadonlyMap<string, AnyChannelSettings> {
  const settings = new Map<string, AnyChannelSettings>()
  const given: readonly [string, unknown][] = Object.entries(channels)
  for (const [key, value] of given) {
    if (!Object.hasOwn(contract, key)) {
      throw new OptionError('channels', `have ${JSON.stringify(key)}, which the contract does not: write a channel's key`)
    }
    if (value === undefined) continue
    if (!isSettings(`channels.${key}`, value)) throw new OptionError(`channels.${key}`, `is ${told(value)}: it takes settings`)
    settings.set(key, value)
  }
  return settings
}

/** The types whose data is verbatim text. */
export function textTypes({ types, schemas }: AnyEvents): readonly string[] {
  return types.filter((type) => isText(schemas[type] ?? {}))
}

function isChannel(value: unknown): value is AnyContractChannel {
  return typeof value === 'function' && 'events' in value && isEvents(value.events) && 'pattern' in value && 'parse' in value
}

const kinds: Kinds<AnyChannelSettings> = {
  retain: 'anything',
  overflow: 'anything',
  conflate: 'function',
  visibleTo: 'function',
  presence: 'boolean',
}

/** @throws OptionError */
function isSettings(option: string, value: unknown): value is AnyChannelSettings {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  checkOptions(value, kinds, option)
  const { retain, overflow, conflate }: { [K in keyof AnyChannelSettings]?: AnyChannelSettings[K] } = value
  checkedBounds(retain, `${option}.retain`)
  if (overflow !== undefined && overflow !== 'disconnect' && overflow !== 'drop-oldest') {
    throw new OptionError(`${option}.overflow`, `is ${told(overflow)}: it takes 'disconnect' or 'drop-oldest'`)
  }
  if (overflow === 'drop-oldest' && conflate !== undefined) {
    throw new OptionError(`${option}.overflow`, "is 'drop-oldest' beside conflate, which leaves nothing to drop: choose one of them")
  }
  return true
}

/** On a stream of several topics a reader knows by the type alone whether data is text. */
function checkTypes(contract: AnyContract): void {
  const text = new Map<string, string>()
  for (const { channel, events } of Object.values(contract)) for (const type of textTypes(events)) text.set(type, channel)
  for (const { channel, events } of Object.values(contract)) {
    const verbatim = textTypes(events)
    const clash = events.types.find((type) => text.has(type) && !verbatim.includes(type))
    if (clash !== undefined) {
      throw new NameError(
        clash,
        `type ${JSON.stringify(clash)} is text in channel "${text.get(clash)}" and JSON in "${channel}": on one stream a reader could not tell them apart; rename one`,
      )
    }
  }
}
