import type { HubStats } from '@sse/server/node'
import { Counter, Gauge, Registry } from 'prom-client'

/** The hub's own figures as Prometheus reads them, made when they are asked for. */
export function metricsOf(stats: () => HubStats): Registry {
  const registry = new Registry()
  const gauge = (name: string, help: string, read: (stats: HubStats) => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read(stats()))
      },
    })
  }
  const counter = (name: string, help: string, read: (stats: HubStats) => number): void => {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        // The hub counts; this only shows it.
        this.reset()
        this.inc(read(stats()))
      },
    })
  }
  const counters = <Label extends string>(
    name: string,
    help: string,
    label: Label,
    read: (stats: HubStats) => Readonly<Record<string, number>>,
  ): void => {
    new Counter<string>({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset()
        for (const [kind, count] of Object.entries(read(stats()))) this.inc({ [label]: kind }, count)
      },
    })
  }
  gauge('sse_streams', 'Open streams', ({ streams }) => streams)
  gauge('sse_topics', 'Topics and subtrees that somebody reads', ({ topics }) => topics)
  gauge('sse_outbox_bytes', 'What waits for readers, in bytes', ({ outboxes }) => outboxes.bytes)
  gauge('sse_outbox_frames', 'What waits for readers, in frames', ({ outboxes }) => outboxes.frames)
  gauge('sse_outbox_largest_bytes', 'What waits in the fullest outbox, in bytes', ({ outboxes }) => outboxes.largest)
  gauge('sse_draining', '1 while the hub takes no new streams', ({ draining }) => Number(draining))
  counter('sse_published_total', 'Events published by this node', ({ published }) => published)
  counter('sse_delivered_total', 'Events handed to streams', ({ delivered }) => delivered)
  counter('sse_replays_total', 'Replays that had events', ({ replays }) => replays.count)
  counter('sse_replayed_events_total', 'Events that were replayed', ({ replays }) => replays.events)
  counter('sse_stalled_total', 'Streams whose reader took nothing for too long', ({ stalled }) => stalled)
  counter('sse_rewound_total', 'Streams taken back to an earlier position', ({ rewound }) => rewound)
  counters('sse_gaps_total', 'Gaps told to readers', 'reason', ({ gaps }) => gaps)
  counters('sse_overflows_total', 'What became of full outboxes', 'outcome', ({ overflows }) => overflows)
  counters('sse_refused_total', 'Requests that got no stream', 'reason', ({ refused }) => refused)
  return registry
}
