import type { Link, Listener } from '../backplane.ts'
import type { Announcement } from './store.ts'

/** Which names the worker announces. */
interface Source {
  watch(names: readonly string[]): Promise<void>
  unwatch(names: readonly string[]): void
}

/** Hands what the worker announces to those who watch it, in its order. */
export class Links {
  readonly #source: Source
  readonly #listeners = new Set<Listener>()
  readonly #watchers = new Map<string, Set<Listener>>()

  constructor(source: Source) {
    this.#source = source
  }

  connect(listener: Listener): Link {
    const watched = new Set<string>()
    this.#listeners.add(listener)
    const unwatch = (names: Iterable<string>): void => {
      const idle: string[] = []
      for (const name of names) {
        if (!watched.delete(name)) continue
        const watchers = this.#watchers.get(name)
        watchers?.delete(listener)
        if (watchers?.size !== 0) continue
        this.#watchers.delete(name)
        idle.push(name)
      }
      if (idle.length > 0) this.#source.unwatch(idle)
    }
    return {
      watch: async (names) => {
        for (const name of names) {
          watched.add(name)
          const watchers = this.#watchers.get(name)
          if (watchers === undefined) this.#watchers.set(name, new Set([listener]))
          else watchers.add(listener)
        }
        // Also of what others watch: their question may still be on its way.
        await this.#source.watch(names)
      },
      unwatch,
      close: async () => {
        unwatch([...watched])
        this.#listeners.delete(listener)
      },
    }
  }

  tell(news: readonly (Announcement | 'interrupted')[]): void {
    for (const one of news) {
      if (one === 'interrupted') for (const listener of [...this.#listeners]) listener.interrupted()
      else for (const listener of this.#watchersOf(one)) listener.entry(one.entry)
    }
  }

  #watchersOf({ entry, subtree }: Announcement): Iterable<Listener> {
    return new Set([...(this.#watchers.get(entry.topic) ?? []), ...(subtree === undefined ? [] : (this.#watchers.get(subtree) ?? []))])
  }
}
