export { type NodeRequest, type NodeResponse, openStream, respond } from './adapters/node.js'
export { nodeHandler } from './adapters/node-handler.js'
export { serverOptions } from './adapters/server-options.js'
export * from './common.js'
