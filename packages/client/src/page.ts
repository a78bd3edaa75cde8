import type { Feed } from './feed.js'

/**
 * Tells a feed what its page goes through. A page that is shown again or comes online asks at once whether its connection is
 * alive. One that is frozen, or kept for going back to, has none: it could not be kept while a connection is open, and what is
 * left of one afterwards is dead. Returns the function that ends it.
 *
 * @param pauseHidden milliseconds that the page may be hidden, and then has no connection until it is shown. Undefined: it keeps it.
 */
export function watchPage(feed: Pick<Feed, 'hold' | 'probe'>, pauseHidden: number | undefined): () => void {
  const { document } = globalThis
  const life = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let show: (() => void) | undefined
  const on = (target: Partial<EventTarget> | undefined, types: string, listener: () => void): void => {
    for (const type of types.split(' ')) target?.addEventListener?.(type, listener, life)
  }
  const hold = (): void => {
    if (show) return
    const shown = new Promise<void>((resolve) => {
      show = resolve
    })
    feed.hold('hidden', shown)
  }
  const look = (): void => {
    clearTimeout(timer)
    const isPaused = document?.hidden && pauseHidden !== undefined
    if (isPaused) timer = setTimeout(hold, pauseHidden)
    else {
      show?.()
      show = undefined
      feed.probe(false)
    }
  }
  // In a worker there is only this one.
  on(globalThis, 'online', () => feed.probe(true))
  on(globalThis, 'pagehide', hold)
  on(globalThis, 'pageshow', look)
  on(document, 'freeze', hold)
  on(document, 'resume visibilitychange', look)
  look()
  return () => {
    life.abort()
    clearTimeout(timer)
  }
}
