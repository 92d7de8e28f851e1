// The demo as a newcomer runs it: what it prints, how it ends, and that nothing is left of it.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { eventually } from '../setup/eventually.js';
import { ensureBuiltOnce } from '../setup/server-process.js';

const root = path.resolve(import.meta.dirname, '..', '..');
const WITHIN_MS = 600_000;

/** Its own place for temporary files, in which whatever it forgets is found. */
let scene: string;
beforeAll(async () => {
  scene = mkdtempSync(path.join(tmpdir(), 'posthorn-demo-test-'));
  await ensureBuiltOnce();
}, WITHIN_MS);
afterAll(() => rmSync(scene, { recursive: true, force: true }));

interface Run {
  readonly process: ChildProcess;
  readonly said: () => string;
  readonly ended: Promise<number | null>;
}

function startDemo(): Run {
  const child = spawn(process.execPath, ['scripts/demo.mjs'], {
    cwd: root,
    // What a developer has set must not lead the demo to other data.
    env: { ...process.env, TMPDIR: scene, DATABASE_URL: 'postgres://127.0.0.1:1/elsewhere', DATA_DIR: '/nowhere' },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { process: child, said: () => text, ended };
}

/** Processes that have the scene in their command line or, where the system tells, work in it. */
function processesLeft(): string[] {
  return execFileSync('ps', ['-Ao', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(scene) || placeOf(Number.parseInt(line, 10)).startsWith(scene));
}

function placeOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    // Ended while we looked, or a system without /proc.
    return '';
  }
}

async function expectNothingLeft(): Promise<void> {
  expect(readdirSync(scene)).toEqual([]);
  await eventually(() => processesLeft().length === 0, 'no process is left of the demo');
}

const lines = (text: string): string[] => text.split('\n').map((line) => line.trim().replace(/ {2,}/g, ' | '));

describe('npm run demo', () => {
  it(
    'prints what became of every delivery and every received event, and leaves nothing',
    async () => {
      const demo = startDemo();
      const exitCode = await demo.ended;
      expect({ exitCode, said: demo.said() }).toMatchObject({ exitCode: 0 });
      expect(lines(demo.said())).toEqual(
        expect.arrayContaining([
          'event | webhook | status | attempts | answers',
          'order.completed | shop | success | 1 | 200',
          'order.completed | erp | success | 3 | 500, 503, 200',
          'invoice.paid | shop | success | 1 | 200',
          'invoice.paid | crm | client_error | 1 | 400',
          '6 requests came in, each with both signatures right (standardwebhooks, and plain HMAC).',
          'stripe, signed by its library | 200 | {"status":"processed"}',
          'the same once more | 200 | {"status":"already_processed"}',
          'the same with another amount | 401 | {"error":"Invalid signature"}',
          'github, signed by its library | 200 | {"status":"processed"}',
          'stripe | payment_intent.succeeded | unhandled',
          'github | pull_request.opened | unhandled',
        ]),
      );
      await expectNothingLeft();
    },
    WITHIN_MS,
  );

  it(
    'leaves nothing when it is interrupted in the middle, and says so',
    async () => {
      const demo = startDemo();
      await eventually(() => demo.said().includes('listens at'), 'the demo has a server', { within: WITHIN_MS / 2 });
      demo.process.kill('SIGINT');
      const exitCode = await demo.ended;
      expect({ exitCode, said: demo.said() }).toEqual({
        exitCode: 1,
        said: expect.stringContaining('it was interrupted; everything is stopped and removed.'),
      });
      await expectNothingLeft();
    },
    WITHIN_MS,
  );
});
