/** What it throws, to look at the error's code and fields as well as its words; undefined if it does not. */
export function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

/**
 * All that an error could let out: its text, its JSON, and every property of it and of what it refers to, hidden ones and
 * those of its classes included. Looked for a secret, it misses no place where a log would show one.
 */
export function everythingIn(error: unknown): string {
  const seen = new Set<unknown>()
  const texts: string[] = []
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) texts.push(String(value))
    else if (!seen.has(value)) {
      seen.add(value)
      texts.push(JSON.stringify(value))
      for (const owner of chainOf(value)) {
        for (const name of Reflect.ownKeys(owner)) {
          texts.push(String(name))
          visit(Reflect.get(owner, name, value))
        }
      }
    }
  }
  visit(error)
  return texts.join('\n')
}

/** The object and its classes, as far as they are not the language's own. */
function chainOf(value: object): object[] {
  const owners: object[] = []
  for (let owner: object | null = value; owner !== null && !builtIn.has(owner); owner = Object.getPrototypeOf(owner)) owners.push(owner)
  return owners
}

const builtIn = new Set<object>([Object.prototype, Array.prototype, Error.prototype, Function.prototype])
