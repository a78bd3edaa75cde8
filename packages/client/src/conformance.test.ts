import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

// docs/conformance.md says which tests show what. Here: that they are there, and are called what it says.

const read = (path: string): Promise<string> => readFile(new URL(path, import.meta.url), 'utf8')

const docs = await read('../../../docs/conformance.md')

/** The cells of those rows of its tables that begin so. */
function rowsOf(first: RegExp): string[][] {
  const rows = docs.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  return rows.filter(([before, cell = '']) => before === '' && first.test(cell)).map((cells) => cells.slice(1, -1))
}

/** The tests that a cell names, and the line that each carries where that is another's. */
function namedIn(cell: string): { readonly name: string; readonly line: string | undefined }[] {
  return [...cell.matchAll(/`([^`]+)`(?: \((\w+)\))?/g)].map(([, name = '', line]) => ({ name, line }))
}

function pathOf(name: string): string {
  if (name === 'cases') return './testing/cases.ts'
  return name.startsWith('wire/') ? `../../schema/src/${name}.test.ts` : `./${name}.test.ts`
}

// Of a browser, and of the tests of web-platform-tests, which are called after its files.
const elsewhere = /^(?:probe$|e2e\/|wpt\/)/

const lines = rowsOf(/^[ABC]\d+$/).map(([line = '', , shown = '']) => ({ line, shown }))

test('each line from A1 to C41 is listed, in its order', () => {
  const numbers = lines.map(({ line }) => line)
  expect(numbers).toEqual(Array.from({ length: 41 }, (_, index) => `${index < 20 ? 'A' : index < 27 ? 'B' : 'C'}${index + 1}`))
})

test.each(lines)('$line is the name of tests in what is said to show it', async ({ line: own, shown }) => {
  const named = namedIn(shown)
  expect(named.length).toBeGreaterThan(0)
  for (const { name, line = own } of named) {
    if (!elsewhere.test(name)) expect(await read(pathOf(name)), name).toMatch(new RegExp(`\\b${line}\\b`))
  }
})

const files = rowsOf(/^`[^`]+\.(?:js|html?)`/).map(([cell = '', where = '']) => ({ cell, where }))

test('some 60 files of web-platform-tests are listed, each once', () => {
  const names = files.flatMap(({ cell }) => namedIn(cell).map(({ name }) => name))
  expect(names.length).toBeGreaterThan(55)
  expect(new Set(names).size).toBe(names.length)
})

test.each(files.filter(({ where }) => where.includes('`wpt/')))('$cell is the name of a test in $where', async ({ cell, where }) => {
  for (const test of namedIn(where)) {
    if (!test.name.startsWith('wpt/')) continue
    const text = await read(pathOf(test.name))
    for (const { name } of namedIn(cell)) expect(text).toContain(name.replace('dedicated-worker/', ''))
  }
})
