// The page as static files, by relative addresses so that it works under any prefix, with nothing inline so that a strict
// Content-Security-Policy holds.
import { defineConfig } from 'vite';

const server = process.env.POSTHORN_URL ?? 'http://127.0.0.1:3000';

export default defineConfig({
  base: './',
  // `npx vite dashboard` shows the page while it changes; the API is that of a running server.
  server: { proxy: { '/api': server } },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist/dashboard/page',
    emptyOutDir: true,
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox121', 'safari17.5'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    license: { fileName: 'licenses.txt' },
    reportCompressedSize: false,
  },
  logLevel: 'warn',
});
