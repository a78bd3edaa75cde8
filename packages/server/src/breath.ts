/** Lets everybody else have their turn: whoever works through promises alone keeps sockets and timers waiting. */
export function breath(): Promise<void> {
  return new Promise((resolve) => {
    // Browsers' runtimes have only timers.
    if ('setImmediate' in globalThis) setImmediate(resolve)
    else setTimeout(resolve)
  })
}
