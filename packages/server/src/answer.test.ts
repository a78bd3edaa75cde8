import { describe, expect, test } from 'vitest'
import { type Asked, answer } from './answer.js'
import { type StreamOptions, settingsOf } from './options.js'

const asked: Asked = { method: 'GET', origin: undefined, lastEventId: undefined }
const answerTo = (more: Partial<Asked>, options: StreamOptions = {}) => answer({ ...asked, ...more }, settingsOf(options))

describe('D45 which requests get a stream', () => {
  test.each<[string, Partial<Asked>, StreamOptions, number, boolean]>([
    ['GET', {}, {}, 200, true],
    ['POST', { method: 'POST' }, {}, 200, true],
    ['HEAD', { method: 'HEAD' }, {}, 200, false],
    ['OPTIONS', { method: 'OPTIONS' }, {}, 204, false],
    ['another method', { method: 'PUT' }, {}, 405, false],
    ['a method in lower case, which is another one (RFC 9110 §9.1)', { method: 'get' }, {}, 405, false],
    ['a method that the application allows', { method: 'QUERY' }, { methods: ['QUERY'] }, 200, true],
    ['GET where it is not allowed', {}, { methods: ['POST'] }, 405, false],
    ['HEAD where GET is not allowed', { method: 'HEAD' }, { methods: ['POST'] }, 405, false],
    ['a reader with a position', { lastEventId: '41' }, {}, 200, true],
    ['a reader that has seen the end', { lastEventId: 'sse.end' }, {}, 204, false],
    ['HEAD of a reader that has seen the end', { method: 'HEAD', lastEventId: 'sse.end' }, {}, 204, false],
    ['a preflight of a reader that has seen the end', { method: 'OPTIONS', lastEventId: 'sse.end' }, {}, 204, false],
    ['another method of a reader that has seen the end', { method: 'PUT', lastEventId: 'sse.end' }, {}, 405, false],
  ])('%s', (_, more, options, status, stream) => {
    expect(answerTo(more, options)).toMatchObject({ status, stream })
  })
})

describe('headers', () => {
  test('D42 what is no stream carries none of its headers, and none of the application', () => {
    const options = { headers: { 'Set-Cookie': 'a=1' } }
    expect(answerTo({ lastEventId: 'sse.end' }, options).headers).toEqual({ 'cache-control': 'no-store' })
  })

  test('D46 the application and the protocol vary together', () => {
    const options = { headers: { Vary: 'Cookie' }, cors: { origin: 'https://app.example' } }
    expect(answerTo({}, options).headers['vary']).toBe('Cookie, Origin')
    expect(answerTo({}, { headers: { Vary: 'Cookie' } }).headers['vary']).toBe('Cookie')
    expect(answerTo({}).headers).not.toHaveProperty('vary')
  })

  test('D46 CORS headers of the application do not stand against the option', () => {
    const options = { headers: { 'Access-Control-Allow-Origin': '*' }, cors: { origin: 'https://app.example' } }
    expect(answerTo({ origin: 'https://app.example' }, options).headers['access-control-allow-origin']).toBe('https://app.example')
  })
})
