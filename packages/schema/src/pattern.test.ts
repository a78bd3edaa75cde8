import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ParamError, PatternError } from './errors.js'
import { nameOf, overlap, paramsIn, parsePattern } from './pattern.js'
import { thrownBy } from './testing/thrown.js'

describe('a pattern', () => {
  test.each([
    ['orders', [{ literal: 'orders' }]],
    ['orders/:orderId', [{ literal: 'orders' }, { param: 'orderId' }]],
    [':tenant/orders/:id', [{ param: 'tenant' }, { literal: 'orders' }, { param: 'id' }]],
    ['a-b_c.d~e/0', [{ literal: 'a-b_c.d~e' }, { literal: '0' }]],
    ['.../a..b', [{ literal: '...' }, { literal: 'a..b' }]],
    [':_a1/:constructor/:toString', [{ param: '_a1' }, { param: 'constructor' }, { param: 'toString' }]],
    ['a/:a', [{ literal: 'a' }, { param: 'a' }]],
    ['sse/a/sse.b', [{ literal: 'sse' }, { literal: 'a' }, { literal: 'sse.b' }]],
  ])('%j is taken apart', (text, segments) => {
    expect(parsePattern(text)).toEqual({ text, segments })
  })

  test.each([
    ['', 'needs at least one segment'],
    ['/', 'has an empty segment: remove the extra "/"'],
    ['/orders', 'has an empty segment'],
    ['orders/', 'has an empty segment'],
    ['a//b', 'has an empty segment'],
    ['orders/*', 'holds "*", which a topic\'s name cannot'],
    ['a#b', 'holds "#"'],
    ['a@b', 'holds "@"'],
    ['a%20b', 'holds "%"'],
    ['a b', 'holds " "'],
    ['a?b', 'holds "?"'],
    ['a:b', 'holds ":"'],
    ["a'b", 'holds "\'"'],
    ['a\nb', 'holds "\\n"'],
    ['a\rb', 'holds "\\r"'],
    ['a\0b', 'holds "\\u0000"'],
    ['é', 'holds "é"'],
    ['.', 'has the segment ".", which URLs would resolve'],
    ['a/../b', 'has the segment "..", which URLs would resolve'],
    ['orders/:', 'has the param ":", whose name must be letters'],
    [':1a', 'has the param ":1a", whose name must be letters'],
    [':a-b', 'has the param ":a-b", whose name must be letters'],
    [':id?', 'has the param ":id?", whose name must be letters'],
    [':id(\\d+)', 'has the param ":id(\\d+)", whose name must be letters'],
    [':a\n', 'has the param ":a\n", whose name must be letters'],
    [':__proto__', 'has the param ":__proto__", whose name must be letters'],
    [':a/:b/:a', 'has the param "a" twice: give each its own name'],
    ['sse.updates/:id', 'begins with "sse.", which begins the protocol\'s own messages'],
  ])('%j is rejected in words', (text, words) => {
    const error = thrownBy(() => parsePattern(text))
    expect(error).toBeInstanceOf(PatternError)
    expect(error).toMatchObject({
      code: 'invalid_pattern',
      pattern: text,
      message: expect.stringContaining(`pattern ${JSON.stringify(text)} ${words}`),
    })
  })
})

describe('two patterns overlap where a name fits both', () => {
  test.each([
    ['orders', 'orders', true],
    ['orders', 'users', false],
    ['orders/:id', 'orders/new', true],
    ['orders/:id', 'orders/:other', true],
    ['orders/:id', 'users/:id', false],
    ['orders/:id', 'orders', false],
    ['orders/:id', 'orders/:id/items', false],
    [':a/x', 'y/:b', true],
    [':a/x', ':a/y', false],
    [':a', 'orders', true],
    [':a/:b', 'orders', false],
  ])('%s and %s: %s', (a, b, expected) => {
    expect(overlap(parsePattern(a), parsePattern(b))).toBe(expected)
    expect(overlap(parsePattern(b), parsePattern(a))).toBe(expected)
  })
})

const order = parsePattern('orders/:id')

describe('a name that begins with a param', () => {
  test.each([
    ['sse.end', 'sse%2Eend'],
    ['sse.', 'sse%2E'],
    ['sse%2Eend', 'sse%252Eend'],
    ['sse', 'sse'],
    ['SSE.end', 'SSE.end'],
  ])('is never taken for a message of the protocol’s own: %j gives %s, and back', (room, name) => {
    for (const [pattern, rest] of [
      [parsePattern(':room'), ''],
      [parsePattern(':room/x'), '/x'],
    ] as const) {
      expect(nameOf(pattern, { room })).toBe(name + rest)
      expect(paramsIn(pattern, name + rest)).toEqual({ room })
    }
  })

  test('has that one spelling only', () => {
    for (const name of ['sse.end', 'sse%2eend', '%73se.end']) expect(paramsIn(parsePattern(':room'), name)).toBeUndefined()
  })
})

describe('a param is percent-encoded into the name', () => {
  test.each([
    ['42', 'orders/42'],
    [42, 'orders/42'],
    [-0, 'orders/0'],
    [1.5, 'orders/1.5'],
    [1e21, 'orders/1e%2B21'],
    ['*', 'orders/%2A'],
    ['a*', 'orders/a%2A'],
    ['...', 'orders/...'],
    ['a.b', 'orders/a.b'],
    ['@now', 'orders/%40now'],
    ['a#b', 'orders/a%23b'],
    ['a/b', 'orders/a%2Fb'],
    ['../users/7', 'orders/..%2Fusers%2F7'],
    [':id', 'orders/%3Aid'],
    ['%2A', 'orders/%252A'],
    ['a b', 'orders/a%20b'],
    ['a+b', 'orders/a%2Bb'],
    ['a&topic=b', 'orders/a%26topic%3Db'],
    ["!'()", 'orders/%21%27%28%29'],
    ['a\r\nb\0', 'orders/a%0D%0Ab%00'],
    ['é', 'orders/%C3%A9'],
    ['🥢', 'orders/%F0%9F%A5%A2'],
    ['\uFEFF', 'orders/%EF%BB%BF'],
    ['__proto__', 'orders/__proto__'],
    ['sse.end', 'orders/sse.end'],
  ])('%j gives %s, and back', (id, name) => {
    expect(nameOf(order, { id })).toBe(name)
    expect(paramsIn(order, name)).toEqual({ id: String(id) })
  })

  test('params named like what every object inherits are params like others', () => {
    const odd = parsePattern(':constructor/:toString/:hasOwnProperty')
    const params = { constructor: 'a', toString: 'b', hasOwnProperty: 'c' }
    expect(nameOf(odd, params)).toBe('a/b/c')
    expect(paramsIn(odd, 'a/b/c')).toEqual(params)
    expect(() => nameOf(odd, {})).toThrow('is missing')
  })
})

describe('a param that cannot be part of a name', () => {
  test.each<readonly [params: Readonly<Record<string, unknown>>, param: string, words: string]>([
    [{}, 'id', 'is missing'],
    [{ id: undefined }, 'id', 'is missing'],
    [Object.create({ id: '42' }), 'id', 'is missing'],
    [{ id: '' }, 'id', 'is empty, which would name a topic of another shape'],
    [{ id: '.' }, 'id', 'is ".", which URLs resolve even when encoded: put something before it'],
    [{ id: '..' }, 'id', 'is "..", which URLs resolve even when encoded: put something before it'],
    [{ id: null }, 'id', 'must be a string or a finite number'],
    [{ id: true }, 'id', 'must be a string or a finite number'],
    [{ id: Number.NaN }, 'id', 'must be a string or a finite number'],
    [{ id: Number.POSITIVE_INFINITY }, 'id', 'must be a string or a finite number'],
    // As text this is 'a,b': 67 wants no way to forge another key from a composite value.
    [{ id: ['a', 'b'] }, 'id', 'must be a string or a finite number'],
    [{ id: { toString: () => '42' } }, 'id', 'must be a string or a finite number'],
    [{ id: '\uD800' }, 'id', 'holds a lone surrogate, which UTF-8 cannot carry'],
    [{ id: 'a\uDC00b' }, 'id', 'holds a lone surrogate, which UTF-8 cannot carry'],
    [{ id: '42', other: '1' }, 'other', 'is not in the pattern: remove it'],
    [JSON.parse('{"id":"42","__proto__":"1"}'), '__proto__', 'is not in the pattern: remove it'],
  ])('%j is rejected in words', (params, param, words) => {
    const error = thrownBy(() => nameOf(order, params))
    expect(error).toBeInstanceOf(ParamError)
    expect(error).toMatchObject({
      code: 'invalid_param',
      param,
      message: `param ${JSON.stringify(param)} of pattern "orders/:id" ${words}`,
    })
  })
})

describe('a name counts in one spelling only', () => {
  test.each([
    ['', 'nothing'],
    ['orders', 'too short'],
    ['orders/', 'an empty param'],
    ['orders/1/2', 'too long'],
    ['/orders/1', 'a slash before'],
    ['orders/1/', 'a slash after'],
    ['users/1', 'another literal'],
    ['Orders/1', 'another case'],
    ['%6Frders/1', 'an encoded literal'],
    ['orders/*', 'a subtree'],
    ['orders/a*', 'a bare star'],
    ['orders/1@now', 'a start'],
    ['orders/1#shipped', 'a type'],
    ['orders/a b', 'a bare space'],
    ['orders/a+b', 'a bare plus'],
    ['orders/é', 'a bare letter beyond ASCII'],
    ['orders/a%62', 'what needs no encoding, encoded'],
    ['orders/%2a', 'lower case hex'],
    ['orders/%c3%a9', 'lower case hex of a letter'],
    ['orders/.', 'a bare dot'],
    ['orders/..', 'two bare dots'],
    ['orders/%2E%2E%2E', 'dots that need no encoding'],
    ['orders/%2E', 'a dot that is encoded'],
    ['orders/%2E%2E', 'two dots that are encoded'],
    ['orders/%2E.', 'dots half encoded'],
    ['orders/%', 'a cut-off escape'],
    ['orders/%zz', 'no escape'],
    ['orders/%FF', 'no UTF-8'],
    ['orders/%C0%AF', 'an overlong form'],
    ['orders/%ED%A0%80', 'a lone surrogate'],
    ['orders/1\n', 'a line end'],
  ])('%j is none: %s', (name) => {
    expect(paramsIn(order, name)).toBeUndefined()
  })
})

describe('for any params', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom('*', '#', '@', '/', '.', '%', '2', 'A', ':', '\uD800', '\n', 'é', 'a')).map((parts) => parts.join('')),
    fc.double(),
    fc.constantFrom('.', '..', '', '__proto__'),
  )
  const pattern = parsePattern(':a/x/:b')

  const tryName = (a: unknown, b: unknown): string | undefined => {
    const error = thrownBy(() => nameOf(pattern, { a, b }))
    if (error === undefined) return nameOf(pattern, { a, b })
    expect(error).toBeInstanceOf(ParamError)
    return undefined
  }

  test('they are rejected, or read back the same', () => {
    fc.assert(
      fc.property(hostile, hostile, (a, b) => {
        const name = tryName(a, b)
        if (name !== undefined) expect(paramsIn(pattern, name)).toEqual({ a: String(a), b: String(b) })
      }),
      { numRuns: 2000 },
    )
  })

  test('a name holds only unreserved characters, escapes and its own slashes', () => {
    fc.assert(
      fc.property(hostile, hostile, (a, b) => {
        const name = tryName(a, b)
        if (name !== undefined) expect(name).toMatch(/^(?:[\w\-.~]|%[0-9A-F]{2})+\/x\/(?:[\w\-.~]|%[0-9A-F]{2})+$/)
      }),
      { numRuns: 2000 },
    )
  })

  test('no name has a segment that URLs resolve, so a path built of it stays as it is', () => {
    fc.assert(
      fc.property(hostile, hostile, (a, b) => {
        const name = tryName(a, b)
        if (name === undefined) return
        expect(new URL(`https://example.com/${name}`).pathname).toBe(`/${name}`)
      }),
    )
  })

  test('different params never give the same name', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, hostile, (a, b, c, d) => {
        const one = tryName(a, b)
        const other = tryName(c, d)
        if (one === undefined || other === undefined) return
        expect(one === other).toBe(String(a) === String(c) && String(b) === String(d))
      }),
      { numRuns: 2000 },
    )
  })

  test('any text is no name, or the one name of what it reads as', () => {
    fc.assert(
      fc.property(hostile, hostile, (a, b) => {
        const name = `${a}/x/${b}`
        const params = paramsIn(pattern, name)
        if (params !== undefined) expect(nameOf(pattern, params)).toBe(name)
      }),
      { numRuns: 2000 },
    )
  })
})
