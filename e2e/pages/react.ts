// A page of React: rendered by the server where it is asked to, otherwise here.
import { type Client, createClient } from '@sse/client'
import * as React from 'react'
import { createRoot, hydrateRoot, type Root } from 'react-dom/client'
import type { contract } from '../servers/hub-contract.ts'
import { app, renders, setLinger, told, type View } from './react-app.ts'

const { startTransition } = React

let root: Root | undefined
let client: Client<typeof contract> | undefined
/** What React said of differences between the server's page and its own, and of errors. */
const complaints: string[] = []
const onRecoverableError = (error: unknown): void => void complaints.push(String(error))

/** Renders the view, with the client that it makes. */
function show(view: View): void {
  root ??= createRoot(container(), { onRecoverableError })
  root.render(app(view, client))
}

/** The same in a transition, as routers do. */
function turn(view: View): void {
  startTransition(() => show(view))
}

/** Takes over what the server has rendered of the view. */
function hydrate(view: View): void {
  root = hydrateRoot(container(), app(view), { onRecoverableError })
}

/** From now on a client whose server sends all of this in one chunk, and no more. */
function script(chunk: string): void {
  const body = (): ReadableStream => new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode(chunk)) })
  client = createClient<typeof contract>({
    url: '/events',
    fetch: async () => new Response(body(), { headers: { 'content-type': 'text/event-stream' } }),
  })
}

function leave(): void {
  root?.unmount()
  root = undefined
}

function container(): HTMLElement {
  const element = document.querySelector<HTMLElement>('main')
  if (!element) throw new Error('the page has no main')
  return element
}

const react = { setLinger, turn, show, hydrate, script, leave, renders, told, complaints }

declare global {
  interface Window {
    readonly react: typeof react
  }
}

Object.assign(window, { react })
