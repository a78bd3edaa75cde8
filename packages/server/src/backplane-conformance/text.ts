import { expectEqual, expectTrue } from './expect.js'
import { all, event, type Specification } from './harness.js'
import { record } from './recorder.js'

const texts: readonly (readonly [string, string])[] = [
  ['empty', ''],
  ['with every kind of line end', 'one\ntwo\rthree\r\nfour\n\n'],
  ['with U+2028 and U+2029, which end lines in JavaScript', 'one\u2028two\u2029three'],
  ['with NUL', '\0one\0two\0'],
  ['with a byte order mark at its beginning', '\uFEFFone\uFEFF'],
  ['with emoji, and others outside of the basic plane', '👩‍👩‍👧‍👦 𝄞 𠮷'],
  ['in two forms of Unicode', 'é e\u0301'],
  ['of quotes, percents and backslashes', `'"\`%s\\n\\u0000$1{}`],
  ['of JSON with an escaped lone surrogate', JSON.stringify('\ud800')],
  ['with all of the control characters', Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)).join('')],
  ['of 1 MB', 'é€😀 '.repeat(100_000)],
]

/** What an event carries. */
export const text: readonly Specification[] = [
  ...(texts.map(([name, data]) => ({
    name: `data ${name} comes back as it was, read and announced`,
    run: async ({ backplane }) => {
      const recorder = record(backplane)
      await recorder.link.watch(['a'])
      const { position } = await backplane.append(event('a', data, { type: 'têxt 😀' }))
      await recorder.until(position)
      for (const entry of [recorder.entries[0], (await all(backplane, 'a'))[0]]) {
        expectTrue(entry?.data === data, `the data (${JSON.stringify(entry?.data.slice(0, 100))}…) is what was appended`)
        expectEqual(entry?.type, 'têxt 😀', 'type')
      }
    },
  })) satisfies readonly Specification[]),
  {
    // The wire is UTF-8, which has no lone surrogates: to every reader they are U+FFFD.
    name: 'a lone surrogate comes back as itself or as U+FFFD, and the rest as it was',
    run: async ({ backplane }) => {
      await backplane.append(event('a', 'one \ud83d two \ude00 three 😀'))
      const [entry] = await all(backplane, 'a')
      expectEqual(entry?.data.replace(/\p{Surrogate}/gu, '\ufffd'), 'one \ufffd two \ufffd three 😀', 'data')
    },
  },
  {
    name: "topics' names are told apart to the letter",
    run: async ({ backplane }) => {
      const names = ['a', 'A', 'a/b', 'a/b/c', 'a%20b', 'a_b', 'a-b', 'á', 'a\u0301', 'orders/*', '%']
      for (const name of names) await backplane.append(event(name, name))
      for (const name of names)
        expectEqual(
          (await all(backplane, name)).map(({ topic, data }) => [topic, data]),
          [[name, name]],
          name,
        )
    },
  },
]
