import type { ReactElement } from 'react'
import { ActivityPanel } from './components/ActivityPanel.js'
import { AnswerPanel } from './components/AnswerPanel.js'
import { Badge } from './components/Badge.js'
import { CutButton } from './components/CutButton.js'
import { HubPanel } from './components/HubPanel.js'
import { InspectorPanel } from './components/InspectorPanel.js'
import { NotificationsPanel } from './components/NotificationsPanel.js'
import { ProgressPanel } from './components/ProgressPanel.js'
import { PulsePanel } from './components/PulsePanel.js'
import { SlowReaderPanel } from './components/SlowReaderPanel.js'
import { ThemeToggle } from './components/ThemeToggle.js'
import { connections, worst } from './lib/connections.js'
import { useStore } from './lib/store.js'

export function App(): ReactElement {
  const snapshot = worst(useStore(connections))
  return (
    <>
      <header className="bar">
        <p className="brand">
          <span className="mark" aria-hidden="true" />
          Typed SSE
        </p>
        <div className="tools">
          <Badge snapshot={snapshot} testId="connection-badge" label="All connections" />
          <CutButton>Cut all</CutButton>
          <ThemeToggle />
        </div>
      </header>
      <main>
        <div className="intro">
          <h1>Live events that come back by themselves.</h1>
          <p>
            Typed Server-Sent Events from one small Node server.{' '}
            <strong>Stop the server with Ctrl-C, start it again: this page picks up where it was.</strong>
          </p>
        </div>
        <div className="grid">
          <PulsePanel />
          <ProgressPanel />
          <AnswerPanel />
          <NotificationsPanel />
          <ActivityPanel />
          <HubPanel />
          <SlowReaderPanel />
          <InspectorPanel />
        </div>
      </main>
    </>
  )
}
