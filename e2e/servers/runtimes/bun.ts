import { handle } from '../fetch-handler.ts'

declare const Bun: { serve(options: { port: number; hostname: string; fetch: typeof handle }): { url: URL } }

console.log(Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: handle }).url.href)
