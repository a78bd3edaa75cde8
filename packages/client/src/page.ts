import { type Alarm, startAlarm } from './alarm.js'
import type { Feed } from './feed.js'

/**
 * Tells a feed what its page goes through. A page that is shown again or comes online asks at once whether its connection is
 * alive. One that is frozen, or kept for going back to, has none: it could not be kept while a connection is open, and what is
 * left of one afterwards is dead. Returns the function that ends it.
 *
 * @param pauseHidden milliseconds that the page may be hidden, and then has no connection until it is shown. Undefined: it keeps it.
 */
export function watchPage(feed: Pick<Feed, 'hold' | 'probe'>, pauseHidden: number | undefined): () => void {
  const life = new AbortController()
  let alarm: Alarm | undefined
  let show: (() => void) | undefined
  const hold = (): void => {
    if (show) return
    const shown = new Promise<void>((resolve) => {
      show = resolve
    })
    feed.hold('hidden', shown)
  }
  const see = ({ type }: Pick<Event, 'type'>): void => {
    const isHidden = globalThis.document?.visibilityState === 'hidden'
    if (type !== 'online') alarm?.stop()
    if (type === 'online') feed.probe(true)
    else if (type === 'pagehide' || type === 'freeze') hold()
    else if (isHidden && pauseHidden !== undefined) alarm = startAlarm(pauseHidden, hold)
    // A page that is left is hidden after its pagehide: that is no return.
    else if (!isHidden || type !== 'visibilitychange') {
      show?.()
      show = undefined
      feed.probe(false)
    }
  }
  // In a worker there is only the first. Those of the document pass the window by.
  for (const type of ['online', 'visibilitychange', 'pagehide', 'pageshow', 'freeze', 'resume'])
    globalThis.addEventListener?.(type, see, { capture: true, signal: life.signal })
  see({ type: '' })
  return () => {
    life.abort()
    alarm?.stop()
  }
}
