import { type ReactElement, useState } from 'react'
import { type Policy, phases, policies } from '../../contract.js'
import { useFigures } from '../hooks/use-figures.js'
import { useRequest } from '../hooks/use-request.js'
import { formatBytes } from '../lib/format.js'
import { post } from '../lib/post.js'
import { fillOf, policyWords, storyOf } from '../lib/slow-reader.js'
import { Fact } from './Fact.js'
import { Panel } from './Panel.js'

/** An operator's view of a reader that takes nothing: its outbox, its bound, and what its channel's policy does then. */
export function SlowReaderPanel(): ReactElement {
  const { figures } = useFigures()
  const [chosen, setChosen] = useState<Policy>('disconnect')
  const [problem, setProblem] = useState('')
  const request = useRequest()
  const latest = figures?.slowReader ?? undefined
  const isRunning = latest !== undefined && latest.phase !== 'done'
  const policy = isRunning ? latest.policy : chosen
  // What came of one policy says nothing of another.
  const state = latest?.policy === policy ? latest : undefined
  // The fullest outbox of all is its own: nobody else has one that fills.
  const waiting = isRunning ? (figures?.hub.outboxes.largest ?? 0) : 0
  const { bytes, isGivenBack } = fillOf(state, waiting)
  const bound = latest?.bound ?? 262_144
  const at = state === undefined ? -1 : phases.indexOf(state.phase)

  const run = async (): Promise<void> => {
    setProblem('')
    try {
      await request.run(async () => void (await (isRunning ? post('/api/slow-reader/read') : post('/api/slow-reader', { policy }))))
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
          <button type="button" className="button primary" data-testid="stall" aria-busy={request.isPending} onClick={() => void run()}>
            {request.isPending ? 'Asking…' : isRunning ? 'Let it read on' : 'Stall a reader'}
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
        <strong className="percent" data-testid="outbox-waiting" data-bytes={bytes}>
          {formatBytes(bytes)}
        </strong>
        <span className="state" data-testid="outbox-state">
          {isGivenBack ? 'given back' : 'in its outbox'}
        </span>
        <span className="amount">of {formatBytes(bound)}</span>
      </div>
      <meter className="visually-hidden" aria-label="The slow reader’s outbox, in bytes" min={0} max={bound} value={waiting} />
      <div className="meter" data-full={state?.phase === 'at the bound'} data-given-back={isGivenBack} aria-hidden="true">
        <div className="bar-fill" style={{ transform: `scaleX(${Math.min(1, bytes / bound)})` }} />
      </div>
      <p
        className="story"
        data-testid="slow-reader-story"
        data-phase={state?.phase}
        data-policy={state?.policy}
        data-tone={problem ? 'bad' : undefined}
      >
        {problem || request.notice || (state === undefined ? policyWords[chosen].about : storyOf(state))}
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
