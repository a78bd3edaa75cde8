// ArkType's declarations name Node's `buffer`. This package compiles without Node's types, so that none of its code leans
// on Node; the compiler would then find the npm package of that name, which has no File.
declare module 'buffer' {
  export const File: typeof globalThis.File
}
