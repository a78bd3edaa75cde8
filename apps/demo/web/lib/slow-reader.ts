import type { Policy, SlowReaderState } from '../../contract.js'
import { formatBytes, formatCount } from './format.js'

/** Each policy, and what it does with a reader whose outbox is full. */
export const policyWords: Readonly<Record<Policy, { readonly title: string; readonly about: string }>> = {
  disconnect: { title: 'Disconnect', about: 'At the bound its stream is closed. It comes back, and resumes: nothing is lost.' },
  conflate: { title: 'Conflate', about: 'Of events with one key only the latest waits: older ones are replaced, and that is not told.' },
  dropOldest: { title: 'Drop oldest', about: 'At the bound the oldest that wait are left out, and the reader is told a gap.' },
}

/**
 * What the meter shows. A stream that is closed at the bound has nothing waiting any more: then it is what there was, for
 * otherwise nobody would see that it had been full.
 */
export function fillOf(state: SlowReaderState | undefined, waiting: number): { readonly bytes: number; readonly isGivenBack: boolean } {
  const isGivenBack =
    state?.policy === 'disconnect' && state.disconnects > 0 && (state.phase === 'at the bound' || state.phase === 'catching up')
  return isGivenBack ? { bytes: state.peak, isGivenBack } : { bytes: waiting, isGivenBack }
}

/** What is going on, in a sentence. */
export function storyOf({ policy, phase, swallowed, peak, replaced, leftOut, ...counts }: SlowReaderState): string {
  switch (phase) {
    case 'filling':
      // By the most that waited: where the buffers take a little more, the story does not begin anew.
      if (peak === 0) return `It takes nothing any more. First the buffers of both sockets fill: ${formatBytes(swallowed)} so far.`
      return `The sockets’ buffers hold ${formatBytes(swallowed)}. From here on, what is published waits in its outbox.`
    case 'at the bound':
      if (policy === 'disconnect') return 'Its outbox was full: the hub has closed its stream, and given the memory back.'
      if (policy === 'conflate') return `Each new event takes the place of an older one of its key: ${replaced} so far.`
      return `Its outbox is full. Each new event pushes the oldest out: ${leftOut} so far.`
    case 'catching up':
      if (policy === 'disconnect') return 'It reads what was left, and comes back for what it missed.'
      return 'It reads what was left in the buffers, and then its outbox.'
    case 'done':
      return outcomeOf({ policy, replaced, leftOut, ...counts })
  }
}

type Outcome = Pick<SlowReaderState, 'policy' | 'published' | 'received' | 'replaced' | 'leftOut' | 'disconnects' | 'gaps'>

function outcomeOf({ policy, published, received, replaced, leftOut, disconnects, gaps }: Outcome): string {
  const came = `${received} of ${formatCount(published, 'event')} came`
  if (policy === 'disconnect')
    return `${came}, ${formatCount(disconnects, 'connection')} lost: ${received === published ? 'nothing is missing' : 'some are missing'}.`
  if (policy === 'conflate') return `${came}: ${replaced} were replaced by newer ones of their key, as the channel says.`
  return `${came}: ${leftOut} were left out, and told in ${formatCount(gaps, 'gap')}.`
}
