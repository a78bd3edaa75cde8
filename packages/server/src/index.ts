export { openStream, respond } from './adapters/fetch.js'
export * from './common.js'
