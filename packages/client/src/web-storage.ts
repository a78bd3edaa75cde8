import type { CursorStore } from './options.js'

/**
 * Keeps a cursor in `localStorage` or `sessionStorage`: `store: webStorage(sessionStorage, 'orders')`. Tabs that share a key of
 * `localStorage` go on from where any of them was: where each must see every event, take `sessionStorage`, which is a tab's own.
 *
 * @param storage what it throws, as where it is full, goes to `onError`.
 * @param key one for each stream and user.
 */
export function webStorage(storage: Pick<Storage, 'getItem' | 'setItem'>, key: string): CursorStore {
  return { get: () => storage.getItem(key), set: (cursor) => storage.setItem(key, cursor) }
}
