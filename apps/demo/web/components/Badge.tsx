import type { Snapshot } from '@sse/client'
import type { ReactElement } from 'react'
import { useNow } from '../hooks/use-now.js'

interface BadgeProps {
  readonly snapshot: Snapshot | undefined
  readonly testId: string
  /** What a screen reader is told that this is about. */
  readonly label: string
}

/** The state of a connection, with the countdown to its next attempt. */
export function Badge({ snapshot, testId, label }: BadgeProps): ReactElement {
  const now = useNow(snapshot?.state === 'waiting')
  const state = snapshot?.state ?? 'idle'
  return (
    <span className="badge" data-state={state} data-reason={snapshot?.reason}>
      <span className="dot" aria-hidden="true" />
      <span className="visually-hidden">{label}: </span>
      <span data-testid={testId} data-state={state} data-reason={snapshot?.reason}>
        {wordsOf(snapshot, now)}
        {state === 'waiting' && <span className="attempt">, attempt {snapshot?.attempt}</span>}
      </span>
    </span>
  )
}

function wordsOf(snapshot: Snapshot | undefined, now: number): string {
  if (snapshot === undefined) return 'idle'
  const { state, retryAt, reason } = snapshot
  if (state === 'waiting') return `waiting ${(Math.max(0, (retryAt ?? now) - now) / 1000).toFixed(1)} s`
  if (state === 'closed') return reason ?? state
  return state
}
