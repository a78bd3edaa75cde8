import { memo, type ReactElement, useState } from 'react'
import { type StreamName, streamNames } from '../../contract.js'
import { useStore } from '../lib/store.js'
import { clearWire, type Row, type RowKind, wireLog } from '../lib/wire-log.js'

type StreamFilter = StreamName | 'all'
type KindFilter = RowKind | 'all'

const kinds = {
  all: 'Everything',
  event: 'Events',
  control: 'Control messages',
  heartbeat: 'Heartbeats and comments',
  field: 'Ids and retry',
  connection: 'Connections',
  failure: 'Failures',
} as const satisfies Record<KindFilter, string>

/** Every raw message of every stream, as it arrived, and what became of the connections. */
export function InspectorPanel(): ReactElement {
  const live = useStore(wireLog)
  const [frozen, setFrozen] = useState<readonly Row[]>()
  const [stream, setStream] = useState<StreamFilter>('all')
  const [kind, setKind] = useState<KindFilter>('all')
  const rows = (frozen ?? live).filter((row) => (stream === 'all' || row.stream === stream) && (kind === 'all' || row.kind === kind))
  const held = frozen === undefined ? 0 : (live[0]?.n ?? 0) - (frozen[0]?.n ?? 0)

  return (
    <section className="panel inspector" aria-labelledby="inspector-title">
      <header className="panel-header">
        <h2 id="inspector-title">Wire inspector</h2>
        <div className="panel-tools">
          <button
            type="button"
            className="button"
            aria-pressed={frozen !== undefined}
            onClick={() => setFrozen(frozen ? undefined : live)}
            data-testid="inspector-pause"
          >
            {frozen === undefined ? 'Pause' : `Resume (${held} new)`}
          </button>
          <button
            type="button"
            className="button"
            onClick={() => {
              setFrozen(undefined)
              clearWire()
            }}
          >
            Clear
          </button>
        </div>
      </header>
      <p className="about">
        The raw text of every stream, newest first: messages, ids, heartbeats (a single colon), and every connection made, lost and made
        again.
      </p>
      <div className="filters">
        <fieldset className="segments">
          <legend className="visually-hidden">Stream</legend>
          {(['all', ...streamNames] as const).map((name) => (
            <label key={name}>
              <input type="radio" name="stream" checked={stream === name} onChange={() => setStream(name)} />
              <span>{name}</span>
            </label>
          ))}
        </fieldset>
        <label className="select">
          <span className="visually-hidden">Kind of message</span>
          <select value={kind} data-testid="inspector-kind" onChange={(event) => setKind(kindOf(event.target.value))}>
            {Object.entries(kinds).map(([name, title]) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </select>
        </label>
      </div>
      <section className="rows" aria-label="Messages">
        <ol>
          {rows.map((row) => (
            <InspectorRow key={row.n} row={row} />
          ))}
        </ol>
        {rows.length === 0 && <p className="placeholder">Nothing yet.</p>}
      </section>
    </section>
  )
}

const InspectorRow = memo(function InspectorRow({ row }: { readonly row: Row }): ReactElement {
  return (
    <li className="row" data-testid="inspector-row" data-kind={row.kind} data-stream={row.stream}>
      <time>{timeOf(row.at)}</time>
      <span className="tag">
        {row.stream} {row.kind !== 'event' && <em>{row.kind}</em>}
      </span>
      <code>{row.kind === 'connection' || row.kind === 'failure' ? row.text : <Fields raw={row.text} />}</code>
    </li>
  )
})

/** The lines of a message, with the names of the fields set apart from their values. */
function Fields({ raw }: { readonly raw: string }): ReactElement {
  const lines = raw
    .split('\n')
    .map((line, at) => ({ at, name: line.slice(0, line.indexOf(':') + 1), value: line.slice(line.indexOf(':') + 1) }))
  return (
    <>
      {lines.map(({ at, name, value }) => (
        <span className="wire-line" key={at}>
          <b>{name}</b>
          {value}
        </span>
      ))}
    </>
  )
}

function timeOf(at: number): string {
  const date = new Date(at)
  return `${date.toTimeString().slice(0, 8)}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

function kindOf(value: string): KindFilter {
  return isKind(value) ? value : 'all'
}

function isKind(value: string): value is KindFilter {
  return value in kinds
}
