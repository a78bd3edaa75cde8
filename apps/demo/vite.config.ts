import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  root: 'web',
  plugins: [react()],
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    cssTarget: 'esnext',
    // A page for one machine: the security policy allows no inlined assets.
    assetsInlineLimit: 0,
  },
})
