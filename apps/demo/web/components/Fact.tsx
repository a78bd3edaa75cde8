import type { ReactElement, ReactNode } from 'react'

interface FactProps {
  readonly name: string
  readonly testId?: string
  readonly children: ReactNode
}

/** A figure and what it counts. */
export function Fact({ name, testId, children }: FactProps): ReactElement {
  return (
    <div>
      <dt>{name}</dt>
      <dd data-testid={testId}>{children}</dd>
    </div>
  )
}
