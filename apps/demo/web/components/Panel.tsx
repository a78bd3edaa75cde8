import type { Snapshot } from '@sse/client'
import type { ReactElement, ReactNode } from 'react'
import { type Panel as Name, panels } from '../../contract.js'
import { post } from '../lib/post.js'
import { logWire } from '../lib/wire-log.js'
import { Badge } from './Badge.js'

interface PanelProps {
  readonly name: Name
  readonly title: string
  readonly about: ReactNode
  readonly snapshot: Snapshot | undefined
  readonly badgeId: string
  readonly children: ReactNode
}

/** One stream: what it shows, how its connection is doing, and a button that cuts it. */
export function Panel({ name, title, about, snapshot, badgeId, children }: PanelProps): ReactElement {
  return (
    <section className="panel" data-panel={name} aria-labelledby={`${name}-title`}>
      <header className="panel-header">
        <h2 id={`${name}-title`}>{title}</h2>
        <div className="panel-tools">
          <Badge snapshot={snapshot} testId={badgeId} label={`${title}, connection`} />
          <CutButton panel={name} label={`Cut the connection of ${title}`} disabled={snapshot?.state !== 'open'}>
            Cut
          </CutButton>
        </div>
      </header>
      <p className="about">{about}</p>
      {children}
    </section>
  )
}

interface CutButtonProps {
  /** Without it all streams are cut. */
  readonly panel?: Name
  readonly label?: string
  readonly disabled?: boolean
  readonly children: ReactNode
}

/** Has the server destroy the sockets, without a goodbye. */
export function CutButton({ panel, label, disabled, children }: CutButtonProps): ReactElement {
  const cut = (): void => {
    post(panel === undefined ? '/api/cut' : `/api/cut/${panel}`).catch((error: Error) =>
      logWire(panel ?? panels[0], 'failure', `! nothing was cut: ${error.message}`),
    )
  }
  return (
    <button
      type="button"
      className="button"
      data-testid={panel === undefined ? 'cut' : `cut-${panel}`}
      aria-label={label}
      disabled={disabled}
      onClick={cut}
    >
      {children}
    </button>
  )
}
