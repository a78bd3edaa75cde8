import { subscribe } from '@sse/client'
import { type ReactElement, useCallback, useMemo, useRef, useState } from 'react'
import type uPlot from 'uplot'
import { type Host, pulseEvents, type Sample } from '../../contract.js'
import { useIsShown } from '../hooks/use-is-shown.js'
import { useStream } from '../hooks/use-stream.js'
import { formatBytes, formatTime } from '../lib/format.js'
import { addSample, columnsOf } from '../lib/samples.js'
import type { WatchOptions } from '../lib/watch.js'
import { Chart } from './Chart.js'
import { Fact } from './Fact.js'
import { Panel, StreamTools } from './Panel.js'

const percent = (value: number): string => `${Math.round(value * 100)}%`
const milliseconds = (value: number): string => `${value >= 10 ? Math.round(value) : Number(value.toFixed(1))} ms`

const axisBytes = (bytes: number): string => (bytes === 0 ? '0' : formatBytes(bytes))

const missedWords = {
  reset: 'The server was started again: what it would have measured while it was down does not exist.',
  trimmed: 'This page was away for longer than the server remembers: the samples in between are gone.',
  overflow: 'This page was slower than the samples: some of them are gone.',
} as const

export function PulsePanel(): ReactElement {
  const [host, setHost] = useState<Host>()
  const [samples, setSamples] = useState<readonly Sample[]>([])
  const [missed, setMissed] = useState<string>()

  const position = useRef('')
  const isShown = useIsShown()

  const open = useCallback((watch: WatchOptions) => {
    const live = subscribe('/api/pulse', {
      ...watch,
      events: pulseEvents,
      lastEventId: position.current,
      onGap: ({ reason }) => setMissed(`${formatTime(Date.now())} ${missedWords[reason]}`),
    })
    live.on('host', ({ data }) => setHost(data))
    live.on('sample', ({ data, id }) => {
      position.current = id
      setSamples((known) => addSample(known, data))
    })
    return live
  }, [])
  const connection = useStream('pulse', isShown ? open : undefined)

  const cpu = useMemo(() => columnsOf(samples, (sample) => sample.cpu), [samples])
  const memory = useMemo(() => columnsOf(samples, (sample) => sample.memoryUsed), [samples])
  const delay = useMemo(
    () =>
      columnsOf(
        samples,
        (sample) => sample.delay.p99,
        (sample) => sample.delay.max,
      ),
    [samples],
  )
  const latest = samples.at(-1)

  return (
    <Panel
      name="pulse"
      title="Host pulse"
      about="This machine, measured twice a second. Cut the connection: the samples that it missed arrive when it is back, and the lines have no hole."
      tools={<StreamTools stream="pulse" title="Host pulse" snapshot={connection?.snapshot} badgeId="pulse-state" />}
    >
      <div className="gauges">
        <Gauge
          name="CPU"
          tone="blue"
          value={latest && percent(latest.cpu)}
          detail={host && `${host.cores} cores`}
          data={cpu}
          top={1}
          unit={percent}
        />
        <Gauge
          name="Memory"
          tone="violet"
          value={latest && formatBytes(latest.memoryUsed)}
          detail={host && `of ${formatBytes(host.memoryTotal)}`}
          data={memory}
          top={1e8}
          unit={axisBytes}
        />
        <Gauge
          name="Event-loop delay"
          tone="amber"
          value={latest && milliseconds(latest.delay.p99)}
          detail={latest && `p99, max ${milliseconds(latest.delay.max)}`}
          data={delay}
          top={5}
          unit={milliseconds}
        />
      </div>
      <dl className="facts">
        <Fact name="Sample" testId="pulse-seq">
          {latest?.seq ?? '–'}
        </Fact>
        <Fact name="Reconnects" testId="pulse-reconnects">
          {connection?.reconnects ?? 0}
        </Fact>
        <Fact name="Server started">{host ? formatTime(host.startedAt) : '–'}</Fact>
        <Fact name="Process" testId="pulse-pid">
          {host ? host.pid : '–'}
        </Fact>
      </dl>
      <p className="note" data-testid="pulse-missed">
        {missed}
      </p>
    </Panel>
  )
}

interface GaugeProps {
  readonly name: string
  readonly tone: 'blue' | 'violet' | 'amber'
  readonly value: string | undefined
  readonly detail: string | undefined
  readonly data: uPlot.AlignedData
  readonly top: number
  readonly unit: (value: number) => string
}

function Gauge({ name, tone, value, detail, data, top, unit }: GaugeProps): ReactElement {
  return (
    <div className="gauge" data-tone={tone}>
      <h3>{name}</h3>
      <p className="reading">
        <strong>{value ?? '–'}</strong> <span>{detail}</span>
      </p>
      <Chart data={data} top={top} unit={unit} label={`${name} over the last minute`} />
    </div>
  )
}
