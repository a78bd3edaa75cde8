import { build, type Child } from './children.js'

export interface Children {
  start(task: 'publish' | 'hold' | 'leave open', path: string, topic?: string, count?: number): Child
  remove(): Promise<void>
}

export async function buildChildren(): Promise<Children> {
  const { start, remove } = await build(new URL('./sqlite-child.ts', import.meta.url))
  return { start: (task, path, topic = 'a', count = 0) => start([task, path, topic, `${count}`]), remove }
}
