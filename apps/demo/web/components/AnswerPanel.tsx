import { subscribe } from '@sse/client'
import { type ReactElement, type SyntheticEvent, useCallback, useEffect, useState } from 'react'
import { type AnswerStats, answerEvents, answerStats } from '../../contract.js'
import { useStream } from '../hooks/use-stream.js'
import { formatCount } from '../lib/format.js'
import type { WatchOptions } from '../lib/watch.js'
import { Panel, StreamTools } from './Panel.js'

const suggestions = ['How does it resume?', 'What is a heartbeat for?', 'What if a reader is slow?'] as const

interface Source {
  readonly notice: string
  readonly file: string
  readonly section: string
}

/** Each question asked is a new one, also when its words are the same. */
interface Question {
  readonly prompt: string
}

export function AnswerPanel(): ReactElement {
  const [prompt, setPrompt] = useState<string>(suggestions[0])
  const [question, setQuestion] = useState<Question>()
  const [source, setSource] = useState<Source>()
  const [words, setWords] = useState<readonly string[]>([])
  const [outcome, setOutcome] = useState<'done' | 'stopped'>()
  const [stats, setStats] = useState<AnswerStats>()

  const open = useCallback(
    (watch: WatchOptions) => {
      const live = subscribe('/api/answer', {
        ...watch,
        events: answerEvents,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ prompt: question?.prompt }),
        // The default for a POST: it comes back only because, and only once, the server has given ids.
        reconnect: undefined,
      })
      live.on('source', ({ data }) => setSource(data))
      live.on('token', ({ data }) => setWords((known) => [...known, data]))
      live.on('done', () => setOutcome('done'))
      return live
    },
    [question],
  )
  const connection = useStream('answer', question === undefined || outcome === 'stopped' ? undefined : open)
  const failed = connection?.snapshot.reason === 'failed'
  const busy = question !== undefined && outcome === undefined && !failed

  useEffect(() => {
    if (outcome === undefined) return
    // The server hears of a reader that left a moment after the page did.
    const timer = setTimeout(() => {
      fetchStats()
        .then(setStats)
        .catch(() => setStats(undefined))
    }, 250)
    return () => clearTimeout(timer)
  }, [outcome])

  const ask = (asked: string): void => {
    setPrompt(asked)
    setQuestion({ prompt: asked })
    setSource(undefined)
    setWords([])
    setOutcome(undefined)
  }
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault()
    if (prompt.trim() !== '') ask(prompt)
  }

  return (
    <Panel
      name="answer"
      title="Answer"
      about="A POST whose answer comes word by word. Stop it, and the server stops producing; cut it, and it goes on in the middle of the sentence."
      tools={<StreamTools stream="answer" title="Answer" snapshot={connection?.snapshot} badgeId="answer-state" />}
    >
      <form className="ask" onSubmit={submit}>
        <label className="visually-hidden" htmlFor="prompt">
          Your question
        </label>
        <input
          id="prompt"
          data-testid="answer-prompt"
          value={prompt}
          maxLength={500}
          autoComplete="off"
          onChange={(event) => setPrompt(event.target.value)}
        />
        {/* Two buttons, told apart by key: one that turned from Stop into Ask within its own click would submit the form. */}
        {busy ? (
          <button key="stop" type="button" className="button" data-testid="answer-stop" onClick={() => setOutcome('stopped')}>
            Stop
          </button>
        ) : (
          <button key="ask" type="submit" className="button primary" data-testid="answer-ask">
            Ask
          </button>
        )}
      </form>
      <ul className="suggestions" aria-label="Questions to try">
        {suggestions.map((suggestion) => (
          <li key={suggestion}>
            <button type="button" className="chip" disabled={busy} onClick={() => ask(suggestion)}>
              {suggestion}
            </button>
          </li>
        ))}
      </ul>
      <section className="answer" aria-busy={busy} aria-live="polite" data-busy={busy} aria-label="The answer">
        <div className="answer-text" data-testid="answer-text">
          {words.join('')}
        </div>
        {words.length === 0 && (
          <p className="placeholder">{busy ? 'Waiting for the first word.' : 'Ask something, or take one of the questions above.'}</p>
        )}
      </section>
      <p className="note" data-testid="answer-source">
        {source
          ? `${source.notice} It is “${source.section}” of ${source.file}.`
          : 'The text comes from a file on this server, not from a model.'}
      </p>
      <p className="note" data-testid="answer-outcome">
        {failed ? 'The answer broke off, and it was not asked for again.' : outcomeWords(outcome, words.length, stats)}
      </p>
    </Panel>
  )
}

async function fetchStats(): Promise<AnswerStats> {
  const response = await fetch('/api/answer/stats')
  return answerStats.parse(await response.json())
}

function outcomeWords(outcome: 'done' | 'stopped' | undefined, words: number, stats: AnswerStats | undefined): string {
  if (outcome === undefined) return ''
  const here = `${outcome === 'done' ? 'Complete' : 'Stopped by you'}: ${formatCount(words, 'word')}.`
  if (stats === undefined) return here
  return `${here} The server has produced ${formatCount(stats.tokens, 'word')} in all: ${stats.finished} finished, ${stats.stopped} left early.`
}
