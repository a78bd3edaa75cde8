'use client'

export { createHooks, type Hooks } from './hooks.js'
export type { EventsOf, HookOptions, ListOptions, ProviderProps, ReduceOptions, SubscriptionOptions } from './options.js'
export type { SubscriptionState } from './topic-store.js'
export type { Nothing, PatternWithParams, PayloadsOf, Wanted } from './wanted.js'
