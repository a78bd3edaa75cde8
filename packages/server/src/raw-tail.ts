/** Where raw text has left off: nothing of the stream's own may stand within a line, or a message, that goes on. */
export class RawTail {
  /** The last characters, as many as two line ends have; empty after the stream's own frames. */
  #tail = ''

  add(text: string): void {
    this.#tail = (this.#tail + text).slice(-4)
  }

  clear(): void {
    this.#tail = ''
  }

  get isMidMessage(): boolean {
    return this.#tail !== '' && !/(?:\r\n|\r(?!\n)|\n)(?:\r\n|\r|\n)$/.test(this.#tail)
  }

  /** Also after a CR: the LF that may follow would be a blank line, were anything put in between. */
  get isMidLine(): boolean {
    return this.isMidMessage && !this.#tail.endsWith('\n')
  }
}
