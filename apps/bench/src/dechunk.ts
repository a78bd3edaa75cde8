/** Takes the framing off a chunked body (RFC 9112 §7.1) that comes in pieces. Each call gives what data its piece held. */
export function dechunker(): (piece: string) => string {
  let held = ''
  /** Of the chunk, what is still to come, its line end included. */
  let left = 0
  return (piece) => {
    const text = held + piece
    let data = ''
    let at = 0
    for (;;) {
      if (left > 0) {
        const end = Math.min(at + left, text.length)
        // The last two are the chunk's line end.
        data += text.slice(at, Math.min(end, at + Math.max(left - 2, 0)))
        left -= end - at
        at = end
        if (left > 0) break
      }
      const line = text.indexOf('\r\n', at)
      if (line < 0) break
      const size = Number.parseInt(text.slice(at, line), 16)
      if (!(size >= 0)) throw new Error(`No chunk begins with ${JSON.stringify(text.slice(at, line))}`)
      if (size === 0) throw new Error('The server ended a stream')
      left = size + 2
      at = line + 2
    }
    held = text.slice(at)
    return data
  }
}
