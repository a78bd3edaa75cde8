export { openStream, respond } from './adapters/fetch.js'
export { fetchHandler } from './adapters/fetch-handler.js'
export * from './common.js'
