/**
 * At compile time: why a wire type is not JSON, in words that name the path and the remedy, or never if it is.
 *
 * Without this a Date would arrive as a string that its type denies, and a Map as `{}`, in silence.
 * `Fuel` bounds the recursion, for `z.json()` and trees are endless; deeper than that a type passes unchecked.
 */
export type JsonProblem<T, Path extends string = 'data', Fuel extends readonly unknown[] = Depth> = unknown extends T
  ? `${Path} may be anything, even what JSON cannot carry: use z.json(), or describe it`
  : [T] extends [Scalar]
    ? never
    : Fuel extends readonly [unknown, ...infer Less]
      ? Culprit<T, Path, Less>
      : never

type Scalar = string | number | boolean | null
type Depth = readonly [1, 1, 1, 1, 1, 1]

type Culprit<T, Path extends string, Fuel extends readonly unknown[]> = T extends Scalar
  ? never
  : T extends undefined
    ? `${Path} is undefined: use z.null(), or make the property optional`
    : T extends bigint
      ? `${Path} is a bigint: use bigintString`
      : T extends symbol
        ? `${Path} is a symbol: JSON cannot carry it`
        : T extends (...args: never) => unknown
          ? `${Path} is a function: JSON cannot carry it`
          : T extends Date
            ? `${Path} is a Date: use isoDate`
            : T extends URL
              ? `${Path} is a URL: use urlString`
              : T extends ReadonlyMap<unknown, unknown>
                ? `${Path} is a Map: use mapOf(key, value)`
                : T extends ReadonlySet<unknown>
                  ? `${Path} is a Set: use setOf(value)`
                  : T extends Uint8Array
                    ? `${Path} is a Uint8Array: use base64Bytes`
                    : T extends ArrayBuffer | ArrayBufferView | Promise<unknown> | Blob
                      ? `${Path} is binary or asynchronous: use base64Bytes, or a codec to JSON`
                      : T extends readonly (infer Item)[]
                        ? JsonProblem<Item, `${Path}[]`, Fuel>
                        : { [K in keyof T & (string | number)]-?: PropertyProblem<T, K, Path, Fuel> }[keyof T & (string | number)]

/** An optional property may be undefined: JSON leaves it out, and it reads as undefined again. */
type PropertyProblem<T, K extends keyof T & (string | number), Path extends string, Fuel extends readonly unknown[]> = JsonProblem<
  unknown extends T[K] ? T[K] : Exclude<T[K], undefined>,
  `${Path}.${K}`,
  Fuel
>
