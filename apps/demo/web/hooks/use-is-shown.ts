import { useSyncExternalStore } from 'react'

/** Whether this tab is the one that is looked at. One that is hidden needs no streams: it resumes when it is shown again. */
export function useIsShown(): boolean {
  return useSyncExternalStore(subscribe, isShown)
}

function subscribe(listener: () => void): () => void {
  document.addEventListener('visibilitychange', listener)
  return () => document.removeEventListener('visibilitychange', listener)
}

function isShown(): boolean {
  return document.visibilityState === 'visible'
}
