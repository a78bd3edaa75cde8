import { type ReactElement, useEffect, useRef } from 'react'
import uPlot from 'uplot'

interface ChartProps {
  /** Seconds since the epoch, then one row of values for each line; null breaks a line. */
  readonly data: uPlot.AlignedData
  /** The least that the vertical axis reaches up to. */
  readonly top: number
  readonly unit: (value: number) => string
  readonly label: string
}

const shown = 60

/** A line over the last minute. Its colours are the CSS custom properties of its element, so it follows the theme. */
export function Chart({ data, top, unit, label }: ChartProps): ReactElement {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const latest = useRef(data)

  useEffect(() => {
    const element = box.current
    if (element === null) return
    const colour = (name: string) => () => getComputedStyle(element).getPropertyValue(name)
    const lines = Array.from({ length: latest.current.length - 1 }, (_, line) => ({
      stroke: colour(line === 0 ? '--line' : '--line-faint'),
      width: line === 0 ? 1.75 : 1,
      points: { show: false },
      ...(line === 0 && { fill: colour('--line-fill') }),
    }))
    const chart = new uPlot(
      {
        width: element.clientWidth,
        height: element.clientHeight,
        padding: [8, 2, 4, 0],
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { range: (_, __, max) => [max - shown, max] },
          y: { range: (_, __, max) => [0, Math.max(top, max * 1.15)] },
        },
        axes: [
          { show: false },
          {
            stroke: colour('--axis'),
            font: '11px system-ui, sans-serif',
            size: 56,
            gap: 6,
            ticks: { show: false },
            grid: { stroke: colour('--grid'), width: 1 },
            space: 36,
            values: (_, values) => values.map(unit),
          },
        ],
        series: [{}, ...lines],
      },
      latest.current,
      element,
    )
    plot.current = chart
    const resizing = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: element.clientHeight }))
    resizing.observe(element)
    const redraw = (): void => chart.redraw()
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    scheme.addEventListener('change', redraw)
    const theme = new MutationObserver(redraw)
    theme.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    return () => {
      resizing.disconnect()
      scheme.removeEventListener('change', redraw)
      theme.disconnect()
      chart.destroy()
    }
  }, [top, unit])

  useEffect(() => {
    latest.current = data
    plot.current?.setData(data)
  }, [data])

  return <div className="chart" ref={box} role="img" aria-label={label} />
}
