// Jest compiles a globalSetup written in TypeScript as CommonJS, which cannot import our modules; so TypeScript is taught
// to Node here, and the work is done by an ordinary module.
import { register } from 'node:module';

register('@swc-node/register/esm', import.meta.url);
const { startTestDatabase } = await import('./global-setup-impl.ts');

export default async function globalSetup() {
  globalThis.stopTestDatabase = await startTestDatabase();
}
