// posthorn replay: what a webhook missed, sent again by the server, and watched from here until it is made.
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../kernel/clock.js';
import { parseDuration } from '../kernel/duration.js';
import type { Io } from './cli.js';
import { AwayError, SERVER_OPTIONS, serverOf } from './server.js';
import type { Server } from './server.js';
import { argumentsOf, UsageError } from './usage.js';

const LOOK_EVERY_MS = 500;
const LONGEST_WAIT_MS = 10_000;

interface ReplayAnswer {
  readonly count: number;
  readonly made: number;
  readonly finishedAt: string | null;
}

export async function replay(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = argumentsOf(args, {
    one: ['since', 'until', 'status', ...SERVER_OPTIONS],
    flags: ['dry-run'],
    positionals: 1,
  });
  const [webhook] = positionals;
  if (webhook === undefined) throw new UsageError('Say of which webhook: posthorn replay <webhook> --since TIME.');
  if (values.since === undefined) throw new UsageError('--since TIME is missing.');
  const server = serverOf(values, io);
  const asked = await server.call<{ id?: string; count: number }>(
    'POST',
    `api/webhooks/${encodeURIComponent(webhook)}/replay`,
    {
      since: timeOf('--since', values.since),
      ...(values.until !== undefined && { until: timeOf('--until', values.until) }),
      ...(values.status !== undefined && { status: values.status.split(',').map((status) => status.trim()) }),
      ...(values['dry-run'] && { dryRun: true }),
    },
  );
  if (asked.id === undefined) io.out(`${asked.count} deliveries would be made.`);
  else await watch(server, asked.id, io);
  return 0;
}

/** A server that is away for a while does not end it: the replay is the server's, and goes on when that is back. */
async function watch(server: Server, id: string, io: Io): Promise<void> {
  let told: number | undefined;
  for (;;) {
    let waitMs = LOOK_EVERY_MS;
    try {
      const { made, count, finishedAt } = await server.call<ReplayAnswer>('GET', `api/replays/${id}`);
      if (finishedAt !== null) return io.out(`Replay ${id} made ${made} deliveries.`);
      if (made !== told) io.err(`${made} of ${count} deliveries are made.`);
      told = made;
    } catch (error) {
      if (!(error instanceof AwayError)) throw error;
      io.err(error.message);
      waitMs = Math.min(error.retryAfterMs ?? LOOK_EVERY_MS, LONGEST_WAIT_MS);
    }
    await delay(waitMs, undefined, { signal: io.signal });
  }
}

/** A time, or how long ago it was. */
function timeOf(option: string, text: string): string {
  const agoMs = parseDuration(text);
  if (agoMs !== undefined) return new Date(systemClock() - agoMs).toISOString();
  if (!/^\d{4}-\d\d-\d\dT/.test(text) || Number.isNaN(Date.parse(text)))
    throw new UsageError(`${option} must be a time such as 2026-11-23T10:00:00Z, or how long ago, such as 2h.`);
  return text;
}
