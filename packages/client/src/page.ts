import type { Feed } from './feed.js'

/**
 * Tells a feed what its page goes through. A page that is shown again or comes online asks at once whether
 * its connection is alive. One that is frozen, or kept for going back to, has none: it could not be kept while a connection is
 * open, and what is left of one afterwards is dead.
 *
 * Returns the function that ends it.
 *
 * @param pauseHidden milliseconds that the page may be hidden, and then has no connection until it is shown. Undefined: it keeps it.
 */
export function watchPage(feed: Pick<Feed, 'hold' | 'release' | 'probe'>, pauseHidden: number | undefined): () => void {
  const { document } = globalThis
  const life = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const on = (target: Partial<EventTarget> | undefined, types: string, listener: () => void): void => {
    for (const type of types.split(' ')) target?.addEventListener?.(type, listener, life)
  }
  const hold = (): unknown => feed.hold('hidden')
  const look = (): void => {
    clearTimeout(timer)
    const isHidden = document?.visibilityState === 'hidden'
    if (isHidden && pauseHidden !== undefined) timer = setTimeout(hold, pauseHidden)
    else feed.release('hidden')
    if (!isHidden) feed.probe(false)
  }
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
