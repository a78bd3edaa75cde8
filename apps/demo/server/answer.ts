import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { DecodedPayloads } from '@sse/schema'
import type { Stream } from '@sse/server'
import type { AnswerStats, answerEvents } from '../contract.js'

/** Between two words, in milliseconds. */
const pace = 45

export interface Section {
  readonly slug: string
  readonly title: string
  readonly text: string
}

/** Answers out of a file, word by word, the way a model would. */
export class Answers {
  readonly stats: { -readonly [K in keyof AnswerStats]: AnswerStats[K] } = { started: 0, resumed: 0, stopped: 0, finished: 0, tokens: 0 }
  readonly #sections: readonly Section[]

  constructor(file: string) {
    this.#sections = sectionsOf(readFileSync(file, 'utf8'))
  }

  /**
   * Fills a stream with the answer to a prompt. A token's id names its section and number, so a reader that was cut off goes
   * on with the next word; also on another process, for nothing about it is kept.
   */
  async fill(prompt: string, stream: Stream<DecodedPayloads<typeof answerEvents>>): Promise<void> {
    const { slug, title, text } = choose(this.#sections, prompt)
    const tokens = tokensOf(text)
    const [, at = '0'] = stream.lastEventId?.match(`^${slug}\\.(\\d{1,6})$`) ?? []
    const resumed = stream.lastEventId !== undefined
    this.stats[resumed ? 'resumed' : 'started'] += 1
    if (!resumed) await stream.send({ type: 'source', data: { notice, file: 'apps/demo/answers.md', section: title, at: new Date() } })
    const complete = await stream.sendAll(this.#produce(tokens, Number(at), stream.signal), ({ n, token }) => ({
      type: 'token',
      data: token,
      id: `${slug}.${n}`,
    }))
    this.stats[complete ? 'finished' : 'stopped'] += 1
    if (complete) await stream.send({ type: 'done', data: { tokens: tokens.length, at: new Date() } })
  }

  async *#produce(tokens: readonly string[], after: number, signal: AbortSignal): AsyncGenerator<{ n: number; token: string }> {
    for (const [index, token] of tokens.entries()) {
      if (index < after) continue
      await pause(pace, undefined, { signal })
      this.stats.tokens += 1
      yield { n: index + 1, token }
    }
  }
}

const notice = 'This text comes from a file on this server, not from a model.'

/** The sections of a Markdown file: what stands below each `## ` heading. */
export function sectionsOf(markdown: string): Section[] {
  return markdown
    .split(/^## /m)
    .slice(1)
    .map((part) => {
      const [title = '', ...lines] = part.split('\n')
      const text = lines
        .join('\n')
        .trim()
        .replaceAll(/(?<!\n)\n(?!\n)/g, ' ')
      return { slug: wordsOf(title).join('-'), title: title.trim(), text }
    })
}

/** A word each, with the white space before it, so that joining them gives the text back. */
export function tokensOf(text: string): string[] {
  return text.match(/\s*\S+/g) ?? []
}

/** The section that has most in common with the prompt, its title counting more; the first one where none has anything. */
export function choose(sections: readonly Section[], prompt: string): Section {
  const asked = new Set(wordsOf(prompt).filter((word) => word.length > 2 && !common.has(word)))
  const score = ({ title, text }: Section): number => {
    const titled = wordsOf(title).filter((word) => asked.has(word)).length
    return titled * 4 + new Set(wordsOf(text).filter((word) => asked.has(word))).size
  }
  const [first, ...others] = sections
  if (first === undefined) throw new Error('the file of answers has no sections')
  return others.reduce((best, section) => (score(section) > score(best) ? section : best), first)
}

const common = new Set(['and', 'are', 'can', 'does', 'for', 'how', 'not', 'the', 'that', 'this', 'what', 'when', 'why', 'you', 'your'])

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? []
}
