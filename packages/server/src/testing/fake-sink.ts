import type { Sink } from '../sink.js'

/** A connection that does what a test says: it records, and ends only when it is told that it has. */
export class FakeSink implements Sink {
  readonly calls: ('write' | 'end' | 'destroy')[] = []
  readonly writes: string[] = []
  /** Whether it can take more after a write. */
  hasRoom = true
  /** What happens while it takes a write. */
  onWrite: () => void = () => {}

  write(text: string): boolean {
    this.calls.push('write')
    this.writes.push(text)
    this.onWrite()
    return this.hasRoom
  }

  end(): void {
    this.calls.push('end')
  }

  destroy(): void {
    this.calls.push('destroy')
  }
}
