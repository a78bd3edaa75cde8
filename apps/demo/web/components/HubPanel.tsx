import type { ReactElement } from 'react'
import type { Figures } from '../../contract.js'
import { useFigures } from '../hooks/use-figures.js'
import { formatBytes } from '../lib/format.js'
import { Fact } from './Fact.js'
import { Panel } from './Panel.js'

type Stats = Figures['hub']

/** What the hub counts of itself. */
export function HubPanel(): ReactElement {
  const { figures, isLive } = useFigures()
  return (
    <Panel
      name="hub"
      title="The hub"
      about="hub.stats(), told over the same connections whenever it changes. A slow reader gets the latest figures, not all of them."
      tools={
        <a className="button" href="/metrics" target="_blank" rel="noreferrer" data-testid="metrics">
          /metrics
        </a>
      }
    >
      <div className="counts" data-live={isLive}>
        {figures ? <Counts stats={figures.hub} /> : <p className="placeholder">No figures yet.</p>}
      </div>
      <p className="note">{isLive ? '' : 'Nobody on this page is connected: these are the last figures.'}</p>
    </Panel>
  )
}

function Counts({ stats }: { readonly stats: Stats }): ReactElement {
  const { gaps, outboxes, overflows, refused, replays } = stats
  return (
    <>
      <dl className="facts lead">
        <Fact name="Streams" testId="hub-streams">
          {stats.streams}
        </Fact>
        <Fact name="Topics" testId="hub-topics">
          {stats.topics}
        </Fact>
        <Fact name="Published" testId="hub-published">
          {stats.published}
        </Fact>
        <Fact name="Delivered" testId="hub-delivered">
          {stats.delivered}
        </Fact>
      </dl>
      <dl className="groups">
        <Group
          name="Outboxes"
          counts={{ waiting: formatBytes(outboxes.bytes), frames: outboxes.frames, fullest: formatBytes(outboxes.largest) }}
        />
        <Group name="Replays" counts={{ replays: replays.count, events: replays.events }} />
        <Group name="Gaps" counts={gaps} />
        <Group name="Overflows" counts={overflows} />
        <Group name="Refused" counts={{ ...refused, topics: stats.deniedTopics }} />
        <Group name="Streams lost" counts={{ stalled: stats.stalled, rewound: stats.rewound }} />
      </dl>
    </>
  )
}

interface GroupProps {
  readonly name: string
  readonly counts: Readonly<Record<string, number | string>>
}

/** Figures of one kind; what has never happened is faint. */
function Group({ name, counts }: GroupProps): ReactElement {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {Object.entries(counts).map(([what, count]) => (
          <span key={what} data-none={count === 0 || count === '0 B'}>
            {what} <b>{count}</b>
          </span>
        ))}
      </dd>
    </div>
  )
}
