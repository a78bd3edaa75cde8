import { defineConfig } from 'vitest/config'

// Apart from vite.config.ts, whose root is the page alone.
export default defineConfig({
  test: { include: ['{server,web}/**/*.test.ts'], testTimeout: 30_000 },
})
