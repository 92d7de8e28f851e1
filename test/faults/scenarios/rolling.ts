// A rolling deploy: the previous version goes on working on the schema of this one, beside it and under load, until it is
// asked to stop.
import { transformFile } from '@swc/core';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Scene } from '../scene.js';
import type { Report, Stage } from '../scene.js';

const root = path.resolve(import.meta.dirname, '..', '..', '..');
const MIGRATION = /^\d+-.*\.ts$/;

/** What the compiler of the build does, without looking at types: they were looked at when that version was made. */
const COMPILED = {
  swcrc: false,
  jsc: {
    target: 'es2023',
    keepClassNames: true,
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
  },
  module: { type: 'es6' },
} as const;

const git = (...args: string[]): string =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 });

/** Why there is no rolling deploy where {@link previousRevision} finds nothing. */
export const NO_HISTORY = 'no commit of this checkout has fewer migrations than its sources (git fetch --unshallow)';

/** The newest commit with fewer migrations than these sources; `undefined` where the history at hand has none. */
export function previousRevision(): string | undefined {
  const today = readdirSync(path.join(root, 'src', 'migrations')).filter((name) => MIGRATION.test(name)).length;
  const migrationsAt = (commit: string): number =>
    git('ls-tree', '--name-only', `${commit}:src/migrations`)
      .split('\n')
      .filter((name) => MIGRATION.test(name)).length;
  try {
    const commits = git('log', '--format=%H', '--', 'src/migrations').trim().split('\n');
    // Between two of them the migrations are the same, so the one before the one that added is the newest with fewer.
    for (const commit of ['HEAD', ...commits.map((commit) => `${commit}^`)])
      if (migrationsAt(commit) < today) return git('rev-parse', commit).trim();
  } catch {
    // No repository, or one that was cloned without what came before.
  }
  return undefined;
}

/** Checks a revision out into a directory, with our packages, and compiles it. */
async function build(revision: string, checkout: string): Promise<void> {
  execFileSync('tar', ['-x', '-C', checkout], {
    input: execFileSync('git', ['archive', revision, 'src', 'package.json'], { cwd: root, maxBuffer: 2 ** 28 }),
  });
  symlinkSync(path.join(root, 'node_modules'), path.join(checkout, 'node_modules'));
  const compile = async (name: string): Promise<void> => {
    const [from, to] = [path.join(checkout, 'src', name), path.join(checkout, 'dist', name)];
    await mkdir(path.dirname(to), { recursive: true });
    if (name.endsWith('.mjs')) await copyFile(from, to);
    else await writeFile(to.replace(/ts$/, 'js'), (await transformFile(from, COMPILED)).code);
  };
  const names = readdirSync(path.join(checkout, 'src'), { recursive: true, encoding: 'utf8' });
  await Promise.all(names.filter((name) => /(?<!\.spec)\.(?:ts|mjs)$/.test(name)).map(compile));
}

export interface RollingSize {
  /** Of each of the three times: only the previous version, both, only this one. While processes start, some more. */
  readonly events: number;
  readonly previous: string;
}

export async function rollingDeploy(stage: Stage, { events, previous }: RollingSize): Promise<Report> {
  const checkout = mkdtempSync(path.join(tmpdir(), 'posthorn-faults-previous-'));
  try {
    await build(previous, checkout);
    return await Scene.play(stage, {}, async (scene) => {
      const publish = (type: string): Promise<void> => scene.publisher.publish(type, events, { pauseMs: 20 });
      const old = await Promise.all([scene.start('api', { checkout }), scene.start('worker', { checkout })]);
      for (const target of ['/ok/a', '/ok/b', '/mixed/c', '/mixed/d']) await scene.webhook(target, ['load.*']);
      await publish('load.old');
      // These migrate, while the old ones work. From here on the publisher asks both APIs in turn.
      const started = Promise.all([scene.start('api'), scene.start('worker')]);
      await publishUntil(scene, started, Math.ceil(events / 20));
      await started;
      await scene.webhook('/ok/new', ['load.*']);
      await publish('load.both');
      scene.expect(
        old.every(({ runs }) => runs),
        'A process of the previous version ended.',
      );
      for (const server of old) {
        const { code } = await server.stop('SIGTERM');
        scene.expect(code === 0, `A process of the previous version ended with ${code}.`);
      }
      await publish('load.new');
      await scene.quiesce();
      scene.notes.push(`previous version ${previous.slice(0, 12)}`);
      return scene.report();
    });
  } finally {
    rmSync(checkout, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Publishes so many at a time, until something has come to an end. */
async function publishUntil(scene: Scene, end: Promise<unknown>, count: number): Promise<void> {
  let ended = false;
  const noted = (): void => void (ended = true);
  end.then(noted, noted);
  while (!ended) await scene.publisher.publish('load.both', count, { pauseMs: 250 });
}
