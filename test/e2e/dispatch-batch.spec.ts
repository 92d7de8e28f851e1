// Many events at once: each is answered, what is valid is stored together, and what is stored is read page by page.
import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { TwoServers, UNKNOWN_ID } from './two-servers.harness.js';
import type { DispatchAnswer, Refusal } from './two-servers.harness.js';

const both = TwoServers.forTests();

const type = (): string => `api.${randomUUID()}`;

describe('a batch', () => {
  const batch = (events: readonly unknown[]) =>
    both.scene.server.api<{ results: (DispatchAnswer | Refusal)[] } & Refusal>('POST', '/api/events/batch', { events });

  it('answers in order, each event or its refusal, and the valid ones are stored and sent', async () => {
    const event = type();
    await both.scene.server.webhook(both.receiver.url, [event]);
    const key = randomUUID();
    const { status, body } = await batch([
      { event, data: { n: 0 } },
      { event: 'no spaces', data: {} },
      { event, data: [1] },
      { event, data: { n: 3 }, idempotencyKey: key },
      { event, data: { n: 4 }, idempotencyKey: key },
      { event, data: { n: 5 }, webhookIds: [UNKNOWN_ID] },
      ['nonsense'],
      null,
      { event, data: { n: 3 }, idempotencyKey: key },
      { event, data: { x: 'y'.repeat(262_144) } },
      { event: 'posthorn.x', data: {} },
      { event, data: { n: 11 } },
    ]);
    expect(status).toBe(202);
    const refused = (code: string) => ({ error: expect.any(String), code });
    const stored = { id: expect.any(String), event, deliveries: 1 };
    expect(body.results).toEqual([
      stored,
      refused('invalid_event_type'),
      refused('invalid_event_data'),
      stored,
      refused('idempotency_mismatch'),
      refused('webhook_not_found'),
      refused('invalid_event_type'),
      refused('invalid_event_type'),
      body.results[3],
      refused('event_too_large'),
      refused('event_type_reserved'),
      stored,
    ]);
    const log = await both.scene.logged(event);
    expect(log).toHaveLength(3);
    for (const { id } of log) expect((await both.scene.settled(id)).status).toBe('success');
  });

  it('takes a thousand events, and not one more', async () => {
    const event = type();
    const { body } = await batch(Array.from({ length: 1_000 }, (_, n) => ({ event, data: { n } })));
    expect(new Set(body.results.map((result) => (result as DispatchAnswer).id)).size).toBe(1_000);
    expect(await both.countOf(event)).toBe(1_000);
    const tooMany = await batch(Array.from({ length: 1_001 }, () => ({ event, data: {} })));
    expect(tooMany.status).toBe(400);
    expect((await batch([])).status).toBe(400);
    expect(await both.countOf(event)).toBe(1_000);
  });

  it('takes 10 MiB, and not more', async () => {
    const event = type();
    const filled = (size: number): object[] =>
      Array.from({ length: 41 }, () => ({ event, data: { x: 'y'.repeat(Math.floor(size / 41) - 90) } }));
    expect((await batch(filled(10_485_760))).status).toBe(202);
    expect(await both.countOf(event)).toBe(41);
    const tooLarge = await batch(filled(10_485_760 + 41 * 100));
    expect(tooLarge).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });
    expect(await both.countOf(event)).toBe(41);
  });

  it('stores each keyed event once when the same batch comes many times at once', async () => {
    const event = type();
    const events = Array.from({ length: 20 }, (_, n) => ({ event, data: { n }, idempotencyKey: `${event}-${n}` }));
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => batch(n % 2 ? events : [...events].reverse())),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    const results = answers.flatMap(({ body }) => body.results);
    const ids = results.flatMap((result) => ('id' in result ? [result.id] : []));
    expect(new Set(ids).size).toBe(20);
    // Who waits for another's key for 5 s is told that it is in progress.
    for (const result of results)
      if ('code' in result) expect(result).toMatchObject({ code: 'idempotency_in_progress' });
    expect(await both.countOf(event)).toBe(20);
  });
});

describe('a page of events', () => {
  it.each([
    ['without a filter', ''],
    ['of one type', '&event='],
  ])('holds 8 MiB of payloads, and the next one goes on from there: %s', async (_what, filter) => {
    const event = type();
    const tenant = `t-${randomUUID()}`.slice(0, 30);
    await both.scene.server.api('POST', '/api/tenants', { id: tenant, name: 'Large' });
    const large = { event, data: { text: 'x'.repeat(250_000) } };
    const sent: string[] = [];
    for (let n = 0; n < 2; n += 1) {
      const batch = { events: Array.from({ length: 20 }, () => large) };
      const { body } = await both.scene.server.api<{ results: DispatchAnswer[] }>('POST', '/api/events/batch', batch, {
        tenant,
      });
      sent.unshift(...body.results.map(({ id }) => id));
    }
    const pages: string[][] = [];
    for (let cursor = ''; ;) {
      const path = `/api/events?limit=250${filter && `${filter}${event}`}${cursor}`;
      const { body } = await both.scene.server.api<{ data: { id: string }[]; nextCursor: string | null }>(
        'GET',
        path,
        undefined,
        {
          tenant,
        },
      );
      pages.push(body.data.map(({ id }) => id));
      if (body.nextCursor === null) break;
      cursor = `&cursor=${body.nextCursor}`;
    }
    expect(pages.map(({ length }) => length)).toEqual([33, 7]);
    expect(pages.flat()).toEqual(sent.toSorted().toReversed());
  });
});
