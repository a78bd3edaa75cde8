import type { Snapshot } from '@sse/client'
import type { ReactElement, ReactNode } from 'react'
import type { StreamName } from '../../contract.js'
import { Badge } from './Badge.js'
import { CutButton } from './CutButton.js'

interface PanelProps {
  readonly name: string
  readonly title: string
  readonly about: ReactNode
  /** What stands beside the title. */
  readonly tools?: ReactNode
  readonly children: ReactNode
}

/** One thing to look at: its name, what it is, and what it shows. */
export function Panel({ name, title, about, tools, children }: PanelProps): ReactElement {
  return (
    <section className="panel" data-panel={name} aria-labelledby={`${name}-title`}>
      <header className="panel-header">
        <h2 id={`${name}-title`}>{title}</h2>
        <div className="panel-tools">{tools}</div>
      </header>
      <p className="about">{about}</p>
      {children}
    </section>
  )
}

interface StreamToolsProps {
  readonly stream: StreamName
  /** Whose connection it is, in words. */
  readonly title: string
  readonly snapshot: Snapshot | undefined
  readonly badgeId: string
}

/** How a stream's connection is doing, and a button that cuts it. */
export function StreamTools({ stream, title, snapshot, badgeId }: StreamToolsProps): ReactElement {
  return (
    <>
      <Badge snapshot={snapshot} testId={badgeId} label={`${title}, connection`} />
      <CutButton stream={stream} label={`Cut the connection of ${title}`} disabled={snapshot?.state !== 'open'}>
        Cut
      </CutButton>
    </>
  )
}
