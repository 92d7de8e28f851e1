// The first page that a newcomer follows leads where it says, word for word: from an empty application to a delivered event.
import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ensureBuiltOnce } from '../setup/server-process.js';

const root = path.resolve(import.meta.dirname, '..', '..');

it('docs/quickstart.md ends with an event that is delivered', async () => {
  await ensureBuiltOnce();
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/newcomer.mjs'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  expect({ status, stdout, stderr }).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/to the first delivered event +\d+ lines +[\d.]+ s/),
  });
}, 1_200_000);
