import { expect, it } from '@jest/globals';
import { HandlerRunner } from './handler-runner.js';
import type { Claim, HandlerRunsRepository, Progress } from './handler-runs.repository.js';

/** What a claim brings where nothing is left to be run. */
const CLAIM = { event: { id: 'e-1' }, runs: [], content: { data: {}, headers: {} } } as unknown as Claim;

it('knows of the newer work on an event when the older one ends after it has begun', async () => {
  const ends: ((progress: Progress) => void)[] = [];
  // In the place of the table, which answers in whatever order it likes.
  const runs = {
    findProgress: () => new Promise<Progress>((end) => ends.push(end)),
  } as unknown as HandlerRunsRepository;
  const none = undefined as never;
  const runner = new HandlerRunner(none, none, none, runs, none, none, none, Math.random);
  const older = runner.run(CLAIM, 0);
  const newer = runner.run(CLAIM, 0);
  ends[0]?.('failed');
  expect(await older).toBe('failed');
  expect(runner.inFlight('e-1')).toBe(newer);
  ends[1]?.('processed');
  expect(await newer).toBe('processed');
  expect(runner.inFlight('e-1')).toBeUndefined();
});
