import { type ReactElement, type SyntheticEvent, useState } from 'react'
import { type User, users } from '../../contract.js'
import { useRequest } from '../hooks/use-request.js'
import { connections } from '../lib/connections.js'
import type { FeedRow } from '../lib/desk.js'
import { desks, nameOf } from '../lib/desks.js'
import { formatCount, formatTime } from '../lib/format.js'
import { post } from '../lib/post.js'
import { useStore } from '../lib/store.js'
import { Avatar } from './Avatar.js'
import { Panel } from './Panel.js'

const gapWords = {
  trimmed: 'Lines are missing here: the server keeps the last 30.',
  reset: 'Lines are missing here: the history began anew.',
  overflow: 'Lines are missing here: this reader was too slow.',
} as const

/** What happens, and who is there, as one of the users is told it. */
export function ActivityPanel(): ReactElement {
  const [viewer, setViewer] = useState<User>('ana')
  const [text, setText] = useState('')
  const [problem, setProblem] = useState('')
  const { isPending, notice, run } = useRequest()
  const { feed, here } = useStore(desks[viewer])
  const gaps = feed.filter(({ kind }) => kind === 'gap').length
  const state = useStore(connections)[viewer]?.snapshot.state

  const say = async (line: string, times: number): Promise<void> => {
    setProblem('')
    try {
      await run(async () => {
        await post('/api/activity', { text: line, times }, viewer)
        // What was written meanwhile stays.
        setText((now) => (now === text ? '' : now))
      })
    } catch (error) {
      setProblem(`Not posted: ${error instanceof Error ? error.message : 'the server is not there'}.`)
    }
  }
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault()
    if (text.trim() !== '') void say(text, 1)
  }

  return (
    <Panel
      name="activity"
      title="Activity"
      about="One topic for all, over the users’ own connections. Let Ben leave, post 40 lines, let him enter again: he is told the gap."
      tools={
        <fieldset className="segments">
          <legend className="visually-hidden">Whose view</legend>
          {users.map((user) => (
            <label key={user}>
              <input type="radio" name="viewer" data-testid={`view-${user}`} checked={viewer === user} onChange={() => setViewer(user)} />
              <span>{nameOf(user)}</span>
            </label>
          ))}
        </fieldset>
      }
    >
      <p className="here">
        <span className="dot" aria-hidden="true" data-away={state !== 'open'} />
        {state !== 'open' ? (
          <span data-testid="presence">{state === undefined ? `${nameOf(viewer)} is away` : 'Not connected'}: this is what there was.</span>
        ) : (
          <>
            Here now:
            <span className="members" data-testid="presence">
              {users
                .filter((user) => here.includes(user))
                .map((user) => (
                  <span key={user}>
                    <Avatar user={user} /> {nameOf(user)}
                  </span>
                ))}
            </span>
          </>
        )}
        {gaps > 0 && (
          <span className="gaps" data-testid="gaps">
            {formatCount(gaps, 'gap')} told
          </span>
        )}
      </p>
      <Feed rows={feed} />
      <form className="ask" onSubmit={submit}>
        <input
          data-testid="activity-text"
          aria-label={`What ${nameOf(viewer)} tells all`}
          placeholder={`Post as ${nameOf(viewer)}`}
          value={text}
          maxLength={240}
          autoComplete="off"
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit" className="button primary" data-testid="activity-post" aria-busy={isPending}>
          {isPending ? 'Posting…' : 'Post'}
        </button>
        <button type="button" className="button" data-testid="activity-flood" onClick={() => void say('posted a lot at once', 40)}>
          Post 40
        </button>
      </form>
      <p className="note" aria-live="polite" data-tone={problem ? 'bad' : 'warn'}>
        {problem || notice}
      </p>
    </Panel>
  )
}

function Feed({ rows }: { readonly rows: readonly FeedRow[] }): ReactElement {
  return (
    <section className="feed" aria-label="What happened, newest first">
      <ol data-testid="feed">
        {rows.map((row) =>
          row.kind === 'gap' ? (
            <li key={row.id} className="gap" data-testid="feed-gap">
              {gapWords[row.reason]}
            </li>
          ) : (
            <li key={row.id}>
              <span>
                <b>{row.who}</b> {row.what}
              </span>
              <time>{formatTime(row.at)}</time>
            </li>
          ),
        )}
      </ol>
      {rows.length === 0 && <p className="placeholder">Nothing has happened yet.</p>}
    </section>
  )
}
