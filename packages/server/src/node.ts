export { type NodeRequest, type NodeResponse, openStream, respond } from './adapters/node.js'
export * from './common.js'
