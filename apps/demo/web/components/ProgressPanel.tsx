import { HttpStatusError, subscribe } from '@sse/client'
import { type ReactElement, useCallback, useState } from 'react'
import { jobCreated, progressEvents, steps } from '../../contract.js'
import { useRequest } from '../hooks/use-request.js'
import { useStream } from '../hooks/use-stream.js'
import { formatBytes, formatCount } from '../lib/format.js'
import { post } from '../lib/post.js'
import { advance, newProgress, type Progress, percentOf, savedProgress, saveProgress } from '../lib/progress.js'
import type { WatchOptions } from '../lib/watch.js'
import { Panel, StreamTools } from './Panel.js'

const stepTitles = { scan: 'Scan', hash: 'Hash', summarise: 'Summarise' } as const

export function ProgressPanel(): ReactElement {
  const [saved] = useState(savedProgress)
  const [progress, setProgress] = useState(saved)
  const [resumed, setResumed] = useState(() => (saved?.lastEventId ? reloadWords(saved) : ''))
  const [problem, setProblem] = useState('')
  const starting = useRequest()
  const job = progress?.job
  // What was done before the reload needs no connection. What gets done now is ended by the server.
  const overBefore = saved?.finished ? saved.job : undefined
  const isOver = progress?.finished !== undefined && progress.finished !== null

  const open = useCallback(
    (watch: WatchOptions) => {
      // Kept beside React's state, so that what is saved is always what came, also while a render waits.
      const known = savedProgress()
      let state = known?.job === job && known !== undefined ? known : newProgress(job ?? '')
      let opened = 0
      const live = subscribe(`/api/jobs/${job}/events`, {
        ...watch,
        events: progressEvents,
        lastEventId: state.lastEventId,
        onStateChange: (snapshot) => {
          watch.onStateChange(snapshot)
          if (snapshot.state !== 'open') return
          opened += 1
          if (opened > 1) setResumed(`Resumed at event ${state.lastEventId} after a lost connection.`)
        },
      })
      const take = async (): Promise<void> => {
        for await (const event of live) {
          state = advance(state, event, event.id)
          saveProgress(state)
          setProgress(state)
        }
      }
      take().catch((error: unknown) => {
        setProblem(
          error instanceof HttpStatusError && error.status === 404
            ? 'The server does not know this job any more. Start another one.'
            : 'The stream of this job failed.',
        )
      })
      return live
    },
    [job],
  )
  const connection = useStream('progress', job === undefined || job === overBefore ? undefined : open)

  const start = async (): Promise<void> => {
    try {
      await starting.run(async () => {
        const { id } = jobCreated.parse(await post('/api/jobs'))
        const state = newProgress(id)
        saveProgress(state)
        setProgress(state)
        setResumed('')
        setProblem('')
      })
    } catch (error) {
      setProblem(`No job was started: ${error instanceof Error ? error.message : 'the server is not there'}.`)
    }
  }

  const percent = progress ? percentOf(progress) : 0
  const running = job !== undefined && !isOver && problem === ''
  const state = stateOf(progress, problem)
  return (
    <Panel
      name="progress"
      title="Progress"
      about="A job on the server: it hashes every file of this repository. Reload the page, or restart the server, while it runs."
      tools={<StreamTools stream="progress" title="Progress" snapshot={connection?.snapshot} badgeId="progress-connection" />}
    >
      <div className="job">
        <button
          type="button"
          className="button primary"
          data-testid="progress-start"
          onClick={start}
          aria-busy={starting.isPending}
          disabled={running}
        >
          {starting.isPending ? 'Starting…' : running ? 'Running' : isOver || problem ? 'Start again' : 'Start the job'}
        </button>
        <ol className="steps" aria-label="Steps">
          {steps.map((step) => (
            <li key={step} data-state={stepState(progress, step)}>
              {stepTitles[step]}
            </li>
          ))}
        </ol>
      </div>
      <div className="meter-line">
        <strong className="percent" data-testid="progress-percent">
          {percent}%
        </strong>
        <span className="state" data-testid="progress-state" data-state={state}>
          {state}
        </span>
        <span className="amount">
          {progress && progress.total > 0
            ? `${progress.done} of ${formatCount(progress.total, 'file')}, ${formatBytes(progress.bytes)}`
            : 'no files yet'}
        </span>
      </div>
      <div
        className="meter"
        role="progressbar"
        aria-label="Progress of the job"
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
      >
        <div className="bar-fill" style={{ transform: `scaleX(${percent / 100})` }} />
      </div>
      <Result progress={progress} />
      <p className="note" data-testid="progress-resumed">
        {problem ? '' : resumed}
      </p>
      <p className="note" data-testid="progress-note" data-tone={problem ? 'bad' : undefined}>
        {starting.notice || problem || progress?.note}
      </p>
    </Panel>
  )
}

/** What the job is at: the file, or in the end what the repository is made of. */
function Result({ progress }: { readonly progress: Progress | undefined }): ReactElement {
  const finished = progress?.finished
  const largest = Math.max(1, ...(finished?.kinds ?? []).map(({ bytes }) => bytes))
  return (
    <div className="result">
      {finished ? (
        <>
          <p className="mono clip" title={finished.sha256}>
            sha256 {finished.sha256}
          </p>
          <ul className="kinds" aria-label="Bytes by kind of file">
            {finished.kinds.map(({ extension, files, bytes }) => (
              <li key={extension}>
                <span className="mono">{extension}</span>
                <span className="track" aria-hidden="true">
                  <span className="bar-fill" style={{ transform: `scaleX(${bytes / largest})` }} />
                </span>
                <span>
                  {formatBytes(bytes)} <small>in {formatCount(files, 'file')}</small>
                </span>
              </li>
            ))}
          </ul>
        </>
      ) : (
        <ol className="recent" aria-label="Files hashed last">
          {(progress?.recent ?? []).map(({ path, sha256 }) => (
            <li key={path} className="mono">
              <span>{sha256.slice(0, 8)}</span> <span className="clip">{path}</span>
            </li>
          ))}
          {!progress?.recent.length && <li className="placeholder">The files and their digests will pass by here.</li>}
        </ol>
      )}
    </div>
  )
}

function reloadWords({ lastEventId, finished }: Progress): string {
  if (finished !== null) return `This job is done: all its ${lastEventId} events were kept by this tab, nothing was asked for again.`
  return `Resumed at event ${lastEventId}: this tab had kept what came before the reload, the server sends the rest.`
}

function stateOf(progress: Progress | undefined, problem: string): string {
  if (problem) return 'lost'
  if (progress === undefined) return 'idle'
  if (progress.finished !== null) return 'done'
  return progress.step === null ? 'starting' : { scan: 'scanning', hash: 'hashing', summarise: 'summarising' }[progress.step]
}

function stepState(progress: Progress | undefined, step: (typeof steps)[number]): 'done' | 'current' | 'next' {
  const current = progress?.step ? steps.indexOf(progress.step) : -1
  const at = progress?.finished ? steps.length : current
  const index = steps.indexOf(step)
  if (index < at) return 'done'
  return index === at ? 'current' : 'next'
}
