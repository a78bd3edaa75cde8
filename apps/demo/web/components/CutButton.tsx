import type { ReactElement, ReactNode } from 'react'
import { type StreamName, streamNames } from '../../contract.js'
import { post } from '../lib/post.js'
import { logWire } from '../lib/wire-log.js'

interface CutButtonProps {
  /** Without it all streams are cut. */
  readonly stream?: StreamName
  readonly label?: string
  readonly disabled?: boolean
  readonly children: ReactNode
}

/** Has the server destroy the sockets, without a goodbye. */
export function CutButton({ stream, label, disabled, children }: CutButtonProps): ReactElement {
  const cut = (): void => {
    post(stream === undefined ? '/api/cut' : `/api/cut/${stream}`).catch((error: Error) =>
      logWire(stream ?? streamNames[0], 'failure', `! nothing was cut: ${error.message}`),
    )
  }
  return (
    <button
      type="button"
      className="button"
      data-testid={stream === undefined ? 'cut' : `cut-${stream}`}
      aria-label={label}
      disabled={disabled}
      onClick={cut}
    >
      {children}
    </button>
  )
}
