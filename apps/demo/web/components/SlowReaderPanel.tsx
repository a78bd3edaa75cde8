import { type ReactElement, useState } from 'react'
import { type Policy, phases, policies } from '../../contract.js'
import { useFigures } from '../hooks/use-figures.js'
import { formatBytes } from '../lib/format.js'
import { post } from '../lib/post.js'
import { policyWords, storyOf } from '../lib/slow-reader.js'
import { Fact } from './Fact.js'
import { Panel } from './Panel.js'

/** An operator's view of a reader that takes nothing: its outbox, its bound, and what its channel's policy does then. */
export function SlowReaderPanel(): ReactElement {
  const { figures } = useFigures()
  const [chosen, setChosen] = useState<Policy>('disconnect')
  const [problem, setProblem] = useState('')
  const latest = figures?.slowReader ?? undefined
  const isRunning = latest !== undefined && latest.phase !== 'done'
  const policy = isRunning ? latest.policy : chosen
  // What came of one policy says nothing of another.
  const state = latest?.policy === policy ? latest : undefined
  // The fullest outbox of all is its own: nobody else has one that fills.
  const waiting = isRunning ? (figures?.hub.outboxes.largest ?? 0) : 0
  const bound = latest?.bound ?? 262_144
  const at = state === undefined ? -1 : phases.indexOf(state.phase)

  const run = async (): Promise<void> => {
    try {
      await (isRunning ? post('/api/slow-reader/read') : post('/api/slow-reader', { policy }))
      setProblem('')
    } catch (error) {
      setProblem(`Nothing was changed: ${error instanceof Error ? error.message : 'the server is not there'}.`)
    }
  }

  return (
    <Panel
      name="slow-reader"
      title="A slow reader"
      about="A real connection whose reader stops reading. What it does not take waits in its outbox, which has a bound; its channel says what happens there."
    >
      <div className="job">
        <div className="stall">
          <button type="button" className="button primary" data-testid="stall" onClick={() => void run()}>
            {isRunning ? 'Let it read on' : 'Stall a reader'}
          </button>
          <fieldset className="segments" disabled={isRunning}>
            <legend className="visually-hidden">What happens at the bound</legend>
            {policies.map((one) => (
              <label key={one}>
                <input type="radio" name="policy" data-testid={`policy-${one}`} checked={policy === one} onChange={() => setChosen(one)} />
                <span>{policyWords[one].title}</span>
              </label>
            ))}
          </fieldset>
        </div>
        <ol className="steps" aria-label="Phases">
          {phases.map((phase, index) => (
            <li key={phase} data-state={index < at || state?.phase === 'done' ? 'done' : index === at ? 'current' : 'next'}>
              {phase}
            </li>
          ))}
        </ol>
      </div>
      <div className="meter-line">
        <strong className="percent" data-testid="outbox-waiting" data-bytes={waiting}>
          {formatBytes(waiting)}
        </strong>
        <span className="state">in its outbox</span>
        <span className="amount">of {formatBytes(bound)}</span>
      </div>
      <meter className="visually-hidden" aria-label="The slow reader’s outbox, in bytes" min={0} max={bound} value={waiting} />
      <div className="meter" data-full={state?.phase === 'at the bound'} aria-hidden="true">
        <div className="bar-fill" style={{ transform: `scaleX(${Math.min(1, waiting / bound)})` }} />
      </div>
      <p
        className="story"
        data-testid="slow-reader-story"
        data-phase={state?.phase}
        data-policy={state?.policy}
        data-tone={problem ? 'bad' : undefined}
      >
        {problem || (state === undefined ? policyWords[chosen].about : storyOf(state, waiting))}
      </p>
      <dl className="facts">
        <Fact name="Published">{state?.published ?? '–'}</Fact>
        <Fact name="Received">{state?.received ?? '–'}</Fact>
        <Fact name="Replaced">{state?.replaced ?? '–'}</Fact>
        <Fact name="Left out">{state?.leftOut ?? '–'}</Fact>
        <Fact name="Gaps told">{state?.gaps ?? '–'}</Fact>
        <Fact name="Disconnects">{state?.disconnects ?? '–'}</Fact>
      </dl>
    </Panel>
  )
}
