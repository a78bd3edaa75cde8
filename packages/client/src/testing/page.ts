import { getEventListeners } from 'node:events'
import { vi } from 'vitest'

const events = ['online', 'pagehide', 'pageshow', 'freeze', 'resume', 'visibilitychange']

/** A page, as far as a subscription hears of it; made, it is the global one, until `vi.unstubAllGlobals()`. */
export class Page {
  readonly #global = new EventTarget()
  readonly #document = { visibilityState: 'visible' }

  /** @param hasDocument false: a worker. */
  constructor(hasDocument = true) {
    vi.stubGlobal('addEventListener', this.#global.addEventListener.bind(this.#global))
    if (hasDocument) vi.stubGlobal('document', this.#document)
  }

  /** What happens to it. The window hears of the document's events, too, on their way down. */
  tell(type: string): void {
    this.#global.dispatchEvent(new Event(type))
  }

  hide(): void {
    this.#document.visibilityState = 'hidden'
    this.tell('visibilitychange')
  }

  show(): void {
    this.#document.visibilityState = 'visible'
    this.tell('visibilitychange')
  }

  /** How many listen to it. */
  get listeners(): number {
    return events.reduce((sum, type) => sum + getEventListeners(this.#global, type).length, 0)
  }
}
