import type { Message } from '../wire/message.js'
import { createReader } from '../wire/parse.js'

const encoder = new TextEncoder()

/** A chunk as the network gives it. Text is for what is UTF-8; bytes are for what need not be. */
export type Chunk = string | Uint8Array

export function bytesOf(chunk: Chunk): Uint8Array {
  return typeof chunk === 'string' ? encoder.encode(chunk) : chunk
}

/** What a reader gives for these chunks, on one connection. */
export function read(...chunks: readonly Chunk[]): Message[] {
  return readWithin(Number.MAX_SAFE_INTEGER, chunks).messages
}

/** The same with a bound: what it gave, and what it threw, chunk by chunk. */
export function readWithin(limit: number, chunks: readonly Chunk[]): { messages: Message[]; errors: unknown[] } {
  const messages: Message[] = []
  const errors: unknown[] = []
  const reader = createReader(limit)
  for (const chunk of chunks) {
    try {
      messages.push(...reader(bytesOf(chunk)))
    } catch (error) {
      errors.push(error)
    }
  }
  return { messages, errors }
}

/** The same bytes in chunks of one size. */
export function cut(chunk: Chunk, size: number): Uint8Array[] {
  const bytes = bytesOf(chunk)
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.slice(index * size, (index + 1) * size))
}

/** What UTF-8 makes of a string: a lone surrogate becomes U+FFFD. */
export function wellFormed(text: string): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(encoder.encode(text))
}
