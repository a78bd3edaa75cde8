// Another process that uses the file. It is built before it runs, as the published package is.

import { once } from 'node:events'
import { DatabaseSync } from 'node:sqlite'
import { sqliteBackplane } from '../sqlite.js'

const [task = '', path = '', topic = '', count = '0'] = process.argv.slice(2)

function say(line: string | number): void {
  process.stdout.write(`${line}\n`)
}

/** Says the position of each event once it is acknowledged. */
async function publish(most: number): Promise<void> {
  const backplane = sqliteBackplane({ path, retain: { events: 1_000_000 }, lockTimeout: 60_000 })
  const one = async (number: number): Promise<void> => {
    const append = { topic, subtree: 'all', kind: 'event', type: 'count', data: `${number}`, retain: undefined, key: undefined } as const
    say((await backplane.append(append)).position)
  }
  // A few at once, so that they share transactions.
  for (let number = 0; number < most; number += 5) await Promise.all([0, 1, 2, 3, 4].map((more) => one(number + more)))
  await backplane.close()
}

/** Holds the lock until its input ends. */
async function hold(): Promise<void> {
  const db = new DatabaseSync(path)
  db.exec('BEGIN IMMEDIATE')
  say('locked')
  process.stdin.resume()
  await once(process.stdin, 'end')
  db.exec('COMMIT')
  db.close()
}

/** Leaves a backplane open that was used, and has nothing more to do. */
async function leaveOpen(): Promise<void> {
  const backplane = sqliteBackplane({ path })
  await backplane.connect({ entry: () => {}, interrupted: () => {} }).watch(['a'])
  // Nobody waits for this one: it must be stored all the same.
  void backplane.append({ topic, subtree: undefined, kind: 'event', type: '', data: '', retain: undefined, key: undefined })
}

switch (task) {
  case 'publish':
    await publish(Number(count))
    break
  case 'hold':
    await hold()
    break
  default:
    await leaveOpen()
}
