/** A server to be measured. */
export interface Contender {
  readonly name: string
  /** What its process runs: each has its own, so that no other's memory and no other's compiled code counts. */
  readonly file: URL
  readonly args?: readonly string[]
}

/** By name. */
export const contenders: ReadonlyMap<string, Contender> = new Map(
  ['ours', 'loop', 'socket', 'better-sse', 'better-sse-buffer'].map((name) => [
    name,
    { name, file: new URL(`./servers/${name}.ts`, import.meta.url) },
  ]),
)

/** What the others are compared with. */
export const yardstick = 'loop'
