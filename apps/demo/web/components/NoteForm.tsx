import { type ReactElement, type SyntheticEvent, useState } from 'react'
import type { User } from '../../contract.js'
import { useRequest } from '../hooks/use-request.js'
import { nameOf, otherThan } from '../lib/desks.js'
import { post } from '../lib/post.js'

/** Writes to the other user. */
export function NoteForm({ from }: { readonly from: User }): ReactElement {
  const [draft, setDraft] = useState(() => draftOf(''))
  const [problem, setProblem] = useState('')
  const { isPending, notice, run } = useRequest()
  const to = otherThan(from)

  const send = async (): Promise<void> => {
    setProblem('')
    try {
      await run(async () => {
        await post('/api/notes', { to, ...draft }, from)
        // What was written meanwhile is another note.
        setDraft((now) => (now.key === draft.key ? draftOf('') : now))
      })
    } catch (error) {
      const why = error instanceof Error ? error.message : 'the server is not there'
      setProblem(`Not sent: ${why}. Send it again, as often as you like: it arrives once.`)
    }
  }
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault()
    if (draft.text.trim() !== '') void send()
  }

  return (
    <>
      <form className="ask" onSubmit={submit}>
        <input
          data-testid={`${from}-text`}
          aria-label={`What ${nameOf(from)} writes to ${nameOf(to)}`}
          placeholder={`Write to ${nameOf(to)}`}
          value={draft.text}
          maxLength={280}
          autoComplete="off"
          onChange={(event) => setDraft(draftOf(event.target.value))}
        />
        <button type="submit" className="button primary" data-testid={`${from}-send`} aria-busy={isPending}>
          {isPending ? 'Sending…' : 'Send'}
        </button>
      </form>
      {(problem || notice) && (
        <p className="note" aria-live="polite" data-testid={`${from}-problem`} data-tone={problem ? 'bad' : 'warn'}>
          {problem || notice}
        </p>
      )}
    </>
  )
}

/** A text with a key of its own. Sent once more it has the same, so that it is one note however often it is sent. */
function draftOf(text: string): { readonly text: string; readonly key: string } {
  return { text, key: [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('-') }
}
