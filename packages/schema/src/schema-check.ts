import { SchemaError } from './errors.js'
import { isText } from './text.js'

/**
 * Rejects, when it is defined, a schema that would fail or lie later: one-way transforms, `preprocess` and `catch` (they
 * cannot be undone, so the first send in production would throw), asynchronous ones, and types that JSON cannot carry.
 *
 * Zod's schemas are read by their published `_zod.def`, without importing Zod: a client that only decodes needs none.
 * Other libraries have no common way to look inside; for them the compiler's check and the first validation remain.
 *
 * @throws SchemaError
 */
export function checkSchema(type: string, schema: unknown): void {
  if ((typeof schema !== 'object' && typeof schema !== 'function') || schema === null || !('~standard' in schema)) {
    throw new SchemaError(type, 'its schema', 'is none: use Zod, or any Standard Schema')
  }
  if (isText(schema)) return
  // Valibot marks its asynchronous schemas so.
  if ('async' in schema && schema.async === true) throw new SchemaError(type, 'data', asynchronous)
  new ZodWalk(type).visit(schema, 'data', 'wire')
}

const asynchronous = 'is validated asynchronously, and events would overtake each other: check before you publish'

const oneWay: Readonly<Record<string, string>> = {
  transform: 'is transformed one way, and encoding could not undo it: use z.codec',
  catch: 'hides bad values with catch, which encoding cannot undo: use z.codec, or default',
  promise: asynchronous,
}

const notJson: Readonly<Record<string, string>> = {
  date: 'is a Date: use isoDate',
  bigint: 'is a bigint: use bigintString',
  map: 'is a Map: use mapOf(key, value)',
  set: 'is a Set: use setOf(value)',
  symbol: 'is a symbol: JSON cannot carry it',
  function: 'is a function: JSON cannot carry it',
  file: 'is a file: use base64Bytes',
  nan: 'is NaN: JSON cannot carry it',
  any: 'may be anything, even what JSON cannot carry: use z.json(), or describe it',
  unknown: 'may be anything, even what JSON cannot carry: use z.json(), or describe it',
}

/** `wire`: the values are what JSON carries. `code`: they are behind a codec, and may be anything. */
type Side = 'wire' | 'code'

class ZodWalk {
  readonly #type: string
  readonly #seen = { wire: new Set<unknown>(), code: new Set<unknown>() }

  constructor(type: string) {
    this.#type = type
  }

  visit(schema: unknown, path: string, side: Side): void {
    const def = defOf(schema)
    // A schema met twice was checked the first time; recursive ones would never end.
    if (def === undefined || this.#seen[side].has(schema)) return
    this.#seen[side].add(schema)
    const problem = problemOf(def, path, side)
    if (problem !== undefined) throw new SchemaError(this.#type, path, problem)
    for (const part of partsOf(def, path, side)) this.visit(...part)
  }
}

function problemOf(def: Def, path: string, side: Side): string | undefined {
  const kind = String(def['type'])
  if (oneWay[kind] !== undefined) return oneWay[kind]
  if (kind === 'pipe' && defOf(def['in'])?.['type'] === 'transform') return 'is preprocessed, which encoding could not undo: use z.codec'
  const functions = [def['fn'], def['transform'], def['reverseTransform'], ...listOf(def['checks']).flatMap(functionsOfCheck)]
  if (functions.some(isAsync)) return asynchronous
  if (side === 'code') return undefined
  const literals = listOf(def['values'])
  if (path === 'data') {
    if (kind === 'undefined' || kind === 'void' || literals.includes(undefined))
      return 'is undefined: use z.null() for an event without data'
    if (kind === 'optional') return 'may be undefined, and an event without data is none: use z.nullable'
  }
  return notJson[kind] ?? literals.map((literal) => notJson[typeof literal]).find((problem) => problem !== undefined)
}

/** A schema's own parts, each with its path and side. */
function partsOf(def: Def, path: string, side: Side): readonly (readonly [schema: unknown, path: string, side: Side])[] {
  switch (def['type']) {
    case 'pipe':
      return [
        [def['in'], path, side],
        [def['out'], path, 'code'],
      ]
    case 'object':
      return [
        ...Object.entries(def['shape'] ?? {}).map(([key, part]) => [part, `${path}.${key}`, side] as const),
        [def['catchall'], `${path}.*`, side],
      ]
    case 'array':
      return [[def['element'], `${path}[]`, side]]
    case 'tuple':
      return [...listOf(def['items']).map((item, index) => [item, `${path}[${index}]`, side] as const), [def['rest'], `${path}[]`, side]]
    case 'record':
    case 'map':
      return [
        [def['keyType'], `${path} (key)`, side],
        [def['valueType'], `${path}.*`, side],
      ]
    case 'set':
      return [[def['valueType'], `${path}[]`, side]]
    case 'union':
      return listOf(def['options']).map((option) => [option, path, side])
    case 'intersection':
      return [
        [def['left'], path, side],
        [def['right'], path, side],
      ]
    case 'lazy':
      return [[typeof def['getter'] === 'function' ? def['getter']() : undefined, path, side]]
    case 'nonoptional':
    case 'default':
    case 'prefault':
      // What is optional beneath these is so no longer.
      return [[withoutOptional(def['innerType']), path, side]]
    default:
      return [[def['innerType'], path, side]]
  }
}

function withoutOptional(schema: unknown): unknown {
  const def = defOf(schema)
  return def?.['type'] === 'optional' ? def['innerType'] : schema
}

function functionsOfCheck(check: unknown): unknown[] {
  const def = defOf(check)
  return [def?.['fn'], def?.['tx'], internalsOf(check)?.['check']]
}

type Def = Readonly<Record<string, unknown>>

function defOf(schema: unknown): Def | undefined {
  return recordOf(internalsOf(schema)?.['def'])
}

function internalsOf(schema: unknown): Def | undefined {
  return recordOf(recordOf(schema)?.['_zod'])
}

function recordOf(value: unknown): Def | undefined {
  return (typeof value === 'object' || typeof value === 'function') && value !== null ? (value as Def) : undefined
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function isAsync(value: unknown): boolean {
  return typeof value === 'function' && value.constructor.name === 'AsyncFunction'
}
