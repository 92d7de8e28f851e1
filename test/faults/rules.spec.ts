// The judge of webhooks with rules is judged: a story in which every rule was kept, and doctored ones.
import { describe, expect, it } from '@jest/globals';
import type { Delivery, Evidence, Request } from './evidence.js';
import type { Claim } from './rows.js';
import { checkCircuit, checkRules } from './rules.js';
import type { WebhookRules } from './rules.js';

const EVENTS = 4;
/** Between two deliveries. */
const STEP_MS = 100;
/** From a claim to the request, and from that to its end. */
const LATER_MS = 10;

const WEBHOOK: WebhookRules = { webhookId: 'webhook', name: 'it' };

const claim = (n: number, at = n * STEP_MS): Claim => ({
  webhookId: 'webhook',
  delivery: `delivery-${n}`,
  number: 1,
  at,
});

const request = (n: number, at = n * STEP_MS + LATER_MS): Request => ({
  at,
  path: '/ok/a',
  delivery: `delivery-${n}`,
  attempt: 1,
  event: `event-${n}`,
  n,
  signed: true,
  sentAt: 0,
  open: 1,
  answer: '200',
});

const delivery = (n: number): Delivery => ({
  id: `delivery-${n}`,
  eventId: `event-${n}`,
  webhookId: 'webhook',
  replayOf: null,
  status: 'success',
  reason: null,
  completedAt: new Date(n * STEP_MS + 2 * LATER_MS).toISOString(),
  attemptCount: 1,
  attempts: [{ number: 1, startedAt: '', durationMs: 1, outcome: 'success', error: null, httpStatus: 200 }],
});

type Story = { -readonly [Part in keyof Evidence]: Evidence[Part][number][] } & { claims: Claim[] };

/** One delivery after the other, a tenth of a second apart. */
const story = (): Story => ({
  published: Array.from({ length: EVENTS }, (_, n) => ({ n, id: `event-${n}`, deliveries: 1 })),
  requests: Array.from({ length: EVENTS }, (_, n) => request(n)),
  deliveries: Array.from({ length: EVENTS }, (_, n) => delivery(n)),
  claims: Array.from({ length: EVENTS }, (_, n) => claim(n)),
});

/** What is complained of, once `doctor` has been at the story. */
function complaints(rules: Partial<WebhookRules>, doctor: (told: Story) => void): string {
  const told = story();
  doctor(told);
  return checkRules(told, told.claims, { ...WEBHOOK, ...rules }).join(' ');
}

const cutOff = (told: Story, n: number, status: string, reason: string | null): void => {
  const { attempts, ...rest } = delivery(n);
  told.deliveries[n] = {
    ...rest,
    status,
    reason,
    attempts: attempts.map((a) => ({ ...a, outcome: 'unknown_outcome' })),
  };
};

describe('the judge of webhooks with rules', () => {
  it('has no complaint where every rule was kept', () =>
    expect(
      complaints(
        { ordered: true, atMostOnce: true, maxInFlight: 1, rateLimit: { max: EVENTS, perSeconds: 1 } },
        () => undefined,
      ),
    ).toBe(''));

  it('does not look at other webhooks', () =>
    expect(
      complaints({ ordered: true, atMostOnce: true }, ({ deliveries, requests }) => {
        deliveries.push({ ...delivery(0), id: 'other', webhookId: 'other' });
        requests.push({ ...request(0), delivery: 'other' }, { ...request(0), delivery: 'other' });
      }),
    ).toBe(''));

  it('notices a request whose claim is not on disk', () =>
    expect(complaints({}, ({ claims }) => claims.shift())).toMatch(/^it: 1 requests went out under no claim/));

  it('notices a request that came before its claim', () =>
    expect(complaints({}, ({ claims }) => (claims[0] = claim(0, STEP_MS)))).toMatch(/^it: 1 requests went out/));

  it('notices a delivery that begins before the one ahead of it is over', () =>
    expect(
      complaints({ ordered: true }, ({ deliveries }) => {
        deliveries[0] = { ...delivery(0), completedAt: delivery(1).completedAt };
      }),
    ).toMatch(/^it: 1 deliveries were sent out of their order/));

  it('notices a delivery that comes again after one behind it', () =>
    expect(complaints({ ordered: true }, ({ requests }) => requests.push(request(2, 4 * STEP_MS)))).toMatch(
      /^it: 1 deliveries were sent out of their order/,
    ));

  it('lets deliveries of other keys go meanwhile, and one come again before the next of its key', () =>
    expect(
      complaints({ ordered: true }, ({ published, requests, deliveries }) => {
        published.forEach((event, n) => (published[n] = { ...event, orderingKey: `key-${n % 2}` }));
        deliveries[0] = { ...delivery(0), completedAt: delivery(1).completedAt };
        requests.splice(2, 0, request(0, STEP_MS + 2 * LATER_MS));
      }),
    ).toBe(''));

  it('notices a delivery that came twice where once is the most', () =>
    expect(complaints({ atMostOnce: true }, ({ requests }) => requests.push(request(3)))).toMatch(/^it: 1 came again/));

  it.each([
    ['success', null],
    ['failed', 'at_most_once'],
    ['sending', null],
  ])('notices an attempt that was cut off and ended as %s, %s', (status, reason) =>
    expect(complaints({ atMostOnce: true }, (told) => cutOff(told, 0, status, reason))).toMatch(
      /^it: 1 ended otherwise/,
    ),
  );

  it('finds it right that what was cut off has failed as such', () =>
    expect(complaints({ atMostOnce: true }, (told) => cutOff(told, 0, 'failed', 'unknown_outcome'))).toBe(''));

  it('notices more requests at a time than there may be', () =>
    expect(complaints({ maxInFlight: 1 }, ({ requests }) => (requests[1] = { ...request(1), open: 2 }))).toMatch(
      /^it: 1 requests were too many at a time/,
    ));

  it('notices more requests in a window than there may be', () =>
    expect(complaints({ rateLimit: { max: EVENTS - 1, perSeconds: 1 } }, () => undefined)).toMatch(
      /^it: 1 requests were too many for the rate limit/,
    ));

  it('does not take those for too many that were late, each claimed in time', () =>
    expect(
      complaints({ rateLimit: { max: 1, perSeconds: 1 } }, (told) => {
        told.claims = told.claims.map((_, n) => claim(n, n * 1_000));
        told.requests = told.requests.map((_, n) => request(n, n * 1_000 + 900 / (n + 1)));
      }),
    ).toBe(''));
});

describe('the judge of a circuit', () => {
  const pauses = [
    { seenAt: 50, until: 150 },
    { seenAt: 250, until: 450 },
  ];
  const judge = (...at: readonly number[]): string =>
    checkCircuit(
      at.map((when) => claim(0, when)),
      'webhook',
      { pauses, upAt: 500, workers: 1, restarts: 0 },
    ).join(' ');

  it('has no complaint of what came before the first pause, of a probe after each, and of all that comes in the end', () =>
    expect(judge(1, 2, 3, 200, 460, 501, 502, 503)).toBe(''));

  it('notices what is claimed in a pause', () =>
    expect(judge(100, 300)).toBe('2 deliveries were claimed while the webhook paused.'));

  it('notices more probes than one of each process after each pause', () =>
    expect(judge(200, 210, 220, 460)).toBe('2 probes too many after 2 pauses.'));
});
