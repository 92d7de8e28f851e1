// A rolling deploy: the previous version goes on working on the schema of this one, beside it and under load, until it is
// asked to stop.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Scene } from '../scene.js';
import type { Report, Stage } from '../scene.js';

const root = path.resolve(import.meta.dirname, '..', '..', '..');
const MIGRATION = /^\d+-.*\.ts$/;

const git = (...args: string[]): string =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 });

/** The newest commit with fewer migrations than these sources. */
export function previousRevision(): string {
  const today = readdirSync(path.join(root, 'src', 'migrations')).filter((name) => MIGRATION.test(name)).length;
  const migrationsAt = (commit: string): number =>
    git('ls-tree', '--name-only', `${commit}:src/migrations`)
      .split('\n')
      .filter((name) => MIGRATION.test(name)).length;
  const commits = git('log', '--format=%H', '--', 'src/migrations').trim().split('\n');
  // Between two of them the migrations are the same, so the one before the one that added is the newest with fewer.
  for (const commit of ['HEAD', ...commits.map((commit) => `${commit}^`)]) {
    try {
      if (migrationsAt(commit) < today) return git('rev-parse', commit).trim();
    } catch {
      break;
    }
  }
  throw new Error('No commit has fewer migrations than these sources: name one with --previous.');
}

/** Checks a revision out beside this checkout, with its packages, and builds it. */
function build(revision: string, directory: string): string {
  const checkout = path.join(directory, 'checkout');
  mkdirSync(checkout);
  execFileSync('tar', ['-x', '-C', checkout], {
    input: execFileSync('git', ['archive', revision], { cwd: root, maxBuffer: 2 ** 28 }),
  });
  symlinkSync(path.join(root, 'node_modules'), path.join(checkout, 'node_modules'));
  execFileSync(process.execPath, [path.join(checkout, 'node_modules/@nestjs/cli/bin/nest.js'), 'build'], {
    cwd: checkout,
  });
  return checkout;
}

export async function rollingDeploy(
  stage: Stage,
  { events, previous }: { events: number; previous: string },
): Promise<Report> {
  const directory = mkdtempSync(path.join(tmpdir(), 'posthorn-faults-previous-'));
  try {
    const checkout = build(previous, directory);
    return await Scene.play(stage, {}, async (scene) => {
      const old = [await scene.start('api', { checkout }), await scene.start('worker', { checkout })];
      for (const target of ['/ok/a', '/ok/b', '/mixed/c', '/mixed/d']) await scene.webhook(target, ['load.*']);
      await scene.publisher.publish('load.old', Math.floor(events / 4), { pauseMs: 20 });
      // These migrate, while the old ones work. From here on the publisher asks both APIs in turn.
      const publishing = scene.publisher.publish('load.both', Math.floor(events / 2), { pauseMs: 20 });
      await scene.start('api');
      await scene.start('worker');
      await scene.publisher.publish('load.rolled', Math.floor(events / 4), { pauseMs: 20 });
      await scene.webhook('/ok/new', ['load.*']);
      await publishing;
      await scene.publisher.publish('load.both', Math.floor(events / 4), { pauseMs: 20 });
      scene.expect(
        old.every(({ runs }) => runs),
        'A process of the previous version ended.',
      );
      for (const server of old) {
        const { code } = await server.stop('SIGTERM');
        scene.expect(code === 0, `A process of the previous version ended with ${code}.`);
      }
      await scene.publisher.publish('load.new', Math.floor(events / 4), { pauseMs: 20 });
      await scene.quiesce();
      scene.notes.push(`previous version ${previous.slice(0, 12)}`);
      return scene.report();
    });
  } finally {
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}
