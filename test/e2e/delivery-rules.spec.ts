// What an answer means for a delivery: success, final failure, or another try, and when.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { TestReceiver } from '../setup/receiver.js';
import type { Answer } from '../setup/receiver.js';
import { DeliveryScene, msBetween } from './delivery.harness.js';
import type { Delivery } from './delivery.harness.js';

let scene: DeliveryScene;

beforeAll(async () => {
  scene = await DeliveryScene.open();
});
afterAll(() => scene?.close());
afterEach(() => scene.closeReceivers());

/** Sends one event to a receiver that always answers this, and follows its delivery to the end. */
async function outcomeOf(answer: Answer): Promise<Delivery & { requests: number; webhookId: string }> {
  const receiver = await scene.receiver(answer);
  const target = await scene.target(receiver.url);
  const delivery = await scene.settled(await target.send());
  return { ...delivery, requests: receiver.received.length };
}

const answerWith =
  (status: number, headers: Record<string, string>): Answer =>
  (_, response: ServerResponse) =>
    void response.writeHead(status, headers).end();

describe('a 2xx answer', () => {
  it.each([200, 201, 202, 204, 206, 299])('%i is success, at once and for good', async (status) => {
    const delivery = await outcomeOf(status);
    expect(delivery).toMatchObject({
      status: 'success',
      reason: null,
      attemptCount: 1,
      lastHttpStatus: status,
      nextAttemptAt: null,
      completedAt: expect.stringMatching(/Z$/),
      requests: 1,
      attempts: [{ number: 1, outcome: 'success', httpStatus: status, error: null }],
    });
  });

  it('is success whatever the body says', async () => {
    const receiver = await scene.receiver((_, response) => void response.writeHead(200).end('{"error":"no"}'));
    const target = await scene.target(receiver.url);
    const delivery = await scene.settled(await target.send());
    expect(delivery).toMatchObject({ status: 'success', attempts: [{ response: { body: '{"error":"no"}' } }] });
  });
});

describe('a 3xx answer', () => {
  it.each([300, 301, 302, 303, 304, 307, 308])(
    '%i is never followed, retried, and fails in the end',
    async (status) => {
      const sink = await scene.receiver(200);
      const delivery = await outcomeOf(answerWith(status, { location: sink.url }));
      expect(delivery).toMatchObject({
        status: 'failed',
        reason: 'attempts_exhausted',
        attemptCount: 3,
        lastHttpStatus: status,
        requests: 3,
      });
      expect(delivery.attempts.map(({ number, outcome }) => [number, outcome])).toEqual([
        [1, 'redirect'],
        [2, 'redirect'],
        [3, 'redirect'],
      ]);
      expect(sink.received).toHaveLength(0);
    },
  );
});

describe('a 4xx answer', () => {
  it.each([400, 401, 403, 404, 406, 409, 413, 415, 422, 451, 499])('%i is final', async (status) => {
    expect(await outcomeOf(status)).toMatchObject({
      status: 'client_error',
      attemptCount: 1,
      lastHttpStatus: status,
      nextAttemptAt: null,
      requests: 1,
    });
  });

  it.each([408, 425, 429])('%i says "not now": it is retried', async (status) => {
    const receiver = await scene.receiver(200);
    receiver.answers(status);
    const target = await scene.target(receiver.url);
    const delivery = await scene.settled(await target.send());
    expect(delivery).toMatchObject({
      status: 'success',
      attempts: [
        { outcome: 'client_error', httpStatus: status },
        { outcome: 'success', httpStatus: 200 },
      ],
    });
    expect(await outcomeOf(status)).toMatchObject({ status: 'failed', reason: 'attempts_exhausted', requests: 3 });
  });

  it('410 is final, disables the webhook as gone, and skips what waits for it', async () => {
    const receiver = await scene.receiver(500);
    const target = await scene.target(receiver.url, { retrySchedule: ['1h'] });
    const waiting = await target.send();
    await scene.becomes(waiting, 'retrying');
    receiver.always(410);
    const last = await target.send();
    expect(await scene.settled(last)).toMatchObject({ status: 'client_error', lastHttpStatus: 410, attemptCount: 1 });
    expect(await scene.becomes(waiting, 'skipped')).toMatchObject({
      reason: 'webhook_disabled',
      attemptCount: 1,
      nextAttemptAt: null,
      completedAt: expect.stringMatching(/Z$/),
    });
    expect(await scene.webhook(target.webhookId)).toMatchObject({ active: false, disabledReason: 'gone' });
    const later = await scene.delivery(await target.send());
    expect(later).toMatchObject({ status: 'skipped', reason: 'webhook_disabled', attemptCount: 0, attempts: [] });
    expect(receiver.received).toHaveLength(2);
  });
});

describe('a 5xx answer, or none', () => {
  it.each([500, 501, 502, 503, 504, 511, 520, 599])('%i is retried, then failed', async (status) => {
    const delivery = await outcomeOf(status);
    expect(delivery).toMatchObject({
      status: 'failed',
      reason: 'attempts_exhausted',
      attemptCount: 3,
      lastHttpStatus: status,
      requests: 3,
    });
    expect(delivery.attempts.every(({ outcome }) => outcome === 'server_error')).toBe(true);
  });

  it('no listener is retried, then failed, with the code in the log and no address', async () => {
    const receiver = await TestReceiver.start();
    const { url } = receiver;
    await receiver.close();
    const target = await scene.target(url);
    const delivery = await scene.settled(await target.send());
    expect(delivery).toMatchObject({ status: 'failed', reason: 'attempts_exhausted', attemptCount: 3 });
    for (const attempt of delivery.attempts) {
      expect(attempt).toMatchObject({
        outcome: 'connection_error',
        error: 'ECONNREFUSED',
        httpStatus: null,
        response: null,
      });
    }
  });

  it('plain HTTP where TLS was expected is a failed attempt, and retried', async () => {
    const receiver = await scene.receiver(200);
    const target = await scene.target(receiver.url.replace('http:', 'https:'));
    const delivery = await scene.settled(await target.send());
    expect(delivery).toMatchObject({ status: 'failed', reason: 'attempts_exhausted', attemptCount: 3 });
    expect(receiver.received).toHaveLength(0);
  });
});

describe('the schedule of retries', () => {
  it('is the webhook’s own where it has one, and an empty one means one attempt', async () => {
    const receiver = await scene.receiver(500);
    for (const [retrySchedule, attempts] of [
      [['10ms', '10ms', '10ms', '10ms'], 5],
      [[], 1],
      [null, 3],
    ] as const) {
      const target = await scene.target(receiver.url, { retrySchedule });
      const delivery = await scene.settled(await target.send());
      expect(delivery).toMatchObject({ status: 'failed', reason: 'attempts_exhausted', attemptCount: attempts });
      expect(delivery.attempts.map(({ number }) => number)).toEqual(Array.from({ length: attempts }, (_, n) => n + 1));
    }
  });

  it('is kept within 20 % either way, and spread', async () => {
    const receiver = await scene.receiver(500);
    const target = await scene.target(receiver.url, { retrySchedule: ['1000s'] });
    const ids = await Promise.all(Array.from({ length: 20 }, () => target.send()));
    const waits = [];
    for (const id of ids) waits.push(waitOf(await scene.becomes(id, 'retrying')));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(800_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(1_200_000 + SETTLED_WITHIN_S * 1_000);
    expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(20_000);
  });
});

/** A wait counts from when the attempt is written down, which takes its time on a busy machine. */
const SETTLED_WITHIN_S = 30;

/** From the end of the last attempt to the next one. */
const waitOf = ({ attempts, nextAttemptAt }: Delivery): number => {
  const last = attempts.at(-1);
  return msBetween(last?.startedAt ?? null, nextAttemptAt) - (last?.durationMs ?? 0);
};

const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1_000).toUTCString();

describe('Retry-After', () => {
  /** The wait before the second attempt, in seconds, under a schedule of 100 s give or take 20. */
  async function waitAfter(status: number, retryAfter: string | string[]): Promise<number> {
    const receiver = await scene.receiver((_, response) => {
      response.setHeader('Retry-After', retryAfter);
      response.writeHead(status).end();
    });
    const target = await scene.target(receiver.url, { retrySchedule: ['100s', '100s'] });
    return waitOf(await scene.becomes(await target.send(), 'retrying')) / 1_000;
  }
  const expectSchedule = (seconds: number): void => {
    expect(seconds).toBeGreaterThanOrEqual(79.9);
    expect(seconds).toBeLessThanOrEqual(120 + SETTLED_WITHIN_S);
  };

  it.each([
    [429, '600', 600],
    [503, '600', 600],
    [503, '  600  ', 600],
    [429, '3600', 3_600],
  ])('of %i %j lengthens the wait', async (status, value, seconds) => {
    const wait = await waitAfter(status, value);
    expect(wait).toBeGreaterThanOrEqual(seconds - 0.1);
    expect(wait).toBeLessThan(seconds + SETTLED_WITHIN_S);
  });

  it('as a date lengthens the wait until then, in all three spellings of HTTP', async () => {
    const weekday = (text: string): string =>
      new Date(text).toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' });
    const imf = inSeconds(7_200);
    const [, day, month, year, time] = imf.split(' ') as [string, string, string, string, string];
    const rfc850 = `${weekday(imf)}, ${day}-${month}-${year.slice(2)} ${time} GMT`;
    const asctime = `${imf.slice(0, 3)} ${month} ${day.replace(/^0/, ' ')} ${time} ${year}`;
    for (const spelling of [imf, rfc850, asctime]) {
      const wait = await waitAfter(429, spelling);
      expect({ spelling, near: Math.abs(wait - 7_200) < 60 }).toEqual({ spelling, near: true });
    }
  });

  it('lengthens it by a day at most', async () => {
    for (const value of ['999999999', '99999999999999999999999', inSeconds(30 * 86_400)]) {
      const wait = await waitAfter(503, value);
      expect(wait).toBeGreaterThanOrEqual(86_399);
      expect(wait).toBeLessThan(86_400 + SETTLED_WITHIN_S);
    }
  });

  it('never shortens it', async () => {
    for (const value of ['0', '1', '30', inSeconds(-60), inSeconds(5)]) expectSchedule(await waitAfter(429, value));
  });

  it('is ignored where it is no such value', async () => {
    for (const value of [
      'soon',
      '-5',
      '1e9',
      '600.5',
      '0x258',
      '600s',
      '',
      'Mon, 99 Foo 2999 99:99:99 GMT',
      '2999-01-01',
    ])
      expectSchedule(await waitAfter(429, value));
  });

  it.each([500, 502, 408, 301])('of %i is ignored', async (status) => {
    expectSchedule(await waitAfter(status, '600'));
  });

  it('neither adds nor removes attempts', async () => {
    const delivery = await outcomeOf(answerWith(503, { 'retry-after': '0' }));
    expect(delivery).toMatchObject({ status: 'failed', attemptCount: 3 });
  });

  it('of a final answer makes nothing wait', async () => {
    const delivery = await outcomeOf(answerWith(400, { 'retry-after': '600' }));
    expect(delivery).toMatchObject({ status: 'client_error', nextAttemptAt: null });
  });
});
