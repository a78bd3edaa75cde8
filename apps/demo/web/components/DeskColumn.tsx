import { type ReactElement, useState } from 'react'
import type { Note, User } from '../../contract.js'
import { useIsShown } from '../hooks/use-is-shown.js'
import { useRequest } from '../hooks/use-request.js'
import { connections } from '../lib/connections.js'
import { unreadOf } from '../lib/desk.js'
import { desks, nameOf, otherThan } from '../lib/desks.js'
import { formatTime } from '../lib/format.js'
import { post } from '../lib/post.js'
import { useStore } from '../lib/store.js'
import { Avatar } from './Avatar.js'
import { DeskFeed } from './DeskFeed.js'
import { NoteForm } from './NoteForm.js'
import { StreamTools } from './Panel.js'

const missedWords = {
  trimmed: 'Some of what came while this user was away is kept no longer.',
  reset: 'The history began anew: what came before is gone.',
  overflow: 'This page was too slow: some are missing.',
} as const

const roleWords = { alone: 'alone', leader: 'this tab leads', follower: 'another tab leads' } as const
const roleTitles = {
  alone: 'This browser cannot share a connection among its tabs.',
  leader: 'This tab has the one connection of this user, and serves the other tabs of this browser.',
  follower: 'Another tab of this browser has the connection; what comes for this user comes through it.',
} as const

/** What one user sees, and can do. */
export function DeskColumn({ user }: { readonly user: User }): ReactElement {
  const desk = useStore(desks[user])
  const isShown = useIsShown()
  const [isHere, setHere] = useState(true)
  const [isCurious, setCurious] = useState(false)
  const [problem, setProblem] = useState('')
  const reading = useRequest()
  const connection = useStore(connections)[user]
  const role = connection?.snapshot.role
  const name = nameOf(user)
  const other = nameOf(otherThan(user))
  const unread = unreadOf(desk)

  const askForOthers = (): void => {
    desks[user].set({ ...desk, denied: '' })
    setCurious(!isCurious)
  }
  const read = (): void => {
    setProblem('')
    reading
      .run(async () => void (await post('/api/read', { upTo: desk.notes[0]?.id }, user)))
      .catch((error: Error) => setProblem(`Not marked as read: ${error.message}.`))
  }

  return (
    <section className="desk" data-user={user} data-here={isHere} aria-label={name}>
      {isHere && isShown && <DeskFeed user={user} isCurious={isCurious} />}
      <header className="desk-header">
        <h3>
          <Avatar user={user} />
          {name}
          <span className="unread" data-some={unread > 0}>
            <span data-testid={`${user}-unread`}>{unread}</span> unread
          </span>
        </h3>
        <div className="panel-tools">
          {role && (
            <span className="role" data-testid={`${user}-role`} data-role={role} title={roleTitles[role]}>
              {roleWords[role]}
            </span>
          )}
          <StreamTools stream={user} title={name} snapshot={connection?.snapshot} badgeId={`${user}-state`} />
          <button type="button" className="button" data-testid={`${user}-here`} onClick={() => setHere(!isHere)}>
            {isHere ? 'Leave' : 'Enter'}
          </button>
        </div>
      </header>
      <Inbox user={user} notes={desk.notes} unread={unread} />
      <NoteForm from={user} />
      <div className="suggestions">
        <button
          type="button"
          className="chip"
          data-testid={`${user}-read`}
          aria-busy={reading.isPending}
          disabled={unread === 0}
          onClick={read}
        >
          {reading.isPending ? 'Marking…' : 'Mark all as read'}
        </button>
        <button
          type="button"
          className="chip"
          data-testid={`${user}-curious`}
          aria-pressed={isCurious}
          disabled={!isHere}
          onClick={askForOthers}
        >
          Ask for {other}’s inbox
        </button>
      </div>
      <p
        className="note"
        aria-live="polite"
        data-testid={`${user}-denied`}
        data-tone={problem || (isCurious && desk.denied) ? 'bad' : undefined}
      >
        {problem || reading.notice || (isCurious && desk.denied && `The server: “${desk.denied}” What is ${name}’s goes on.`)}
        {!problem && !reading.notice && !isCurious && desk.missed && missedWords[desk.missed]}
      </p>
    </section>
  )
}

interface InboxProps {
  readonly user: User
  readonly notes: readonly Note[]
  readonly unread: number
}

function Inbox({ user, notes, unread }: InboxProps): ReactElement {
  return (
    <div className="inbox">
      <ol data-testid={`${user}-notes`} aria-label={`Notifications of ${nameOf(user)}`}>
        {notes.map(({ id, from, text, at }, index) => (
          <li key={id} data-unread={index < unread}>
            <span className="said">{text}</span>
            <small>
              {nameOf(from)}, {formatTime(at)}
            </small>
          </li>
        ))}
      </ol>
      {notes.length === 0 && <p className="placeholder">Nothing yet.</p>}
    </div>
  )
}
