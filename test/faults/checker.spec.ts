// The checker is checked: a story in which every promise was kept, and the same story doctored in every way that it must notice.
import { describe, expect, it } from '@jest/globals';
import { check, checkReplay } from './checker.js';
import type { Excused } from './checker.js';
import type { Delivery, Evidence, Request } from './evidence.js';

const EVENTS = 5;

const request = (n: number, attempt: number, answer: string): Request => ({
  at: 1_000 * n + attempt,
  path: '/ok/a',
  delivery: `delivery-${n}`,
  attempt,
  event: `event-${n}`,
  n,
  signed: true,
  sentAt: 0,
  open: 1,
  answer,
});

const delivery = (n: number, ...outcomes: string[]): Delivery => ({
  id: `delivery-${n}`,
  eventId: `event-${n}`,
  webhookId: 'webhook',
  replayOf: null,
  status: 'success',
  reason: null,
  completedAt: '',
  attemptCount: outcomes.length,
  attempts: outcomes.map((outcome, index) => ({
    number: index + 1,
    startedAt: '',
    durationMs: 1,
    outcome,
    error: null,
    httpStatus: 200,
  })),
});

/** Five events: one is retried, one was cut off after its request had arrived, one before it had left. */
function story(): { -readonly [Part in keyof Evidence]: Evidence[Part][number][] } {
  return {
    published: Array.from({ length: EVENTS }, (_, n) => ({ n, id: `event-${n}`, deliveries: 1 })),
    requests: [
      request(0, 1, '200'),
      request(1, 1, '500'),
      request(1, 2, '200'),
      request(2, 1, '200'),
      request(2, 2, '200'),
      request(3, 2, '200'),
      request(4, 1, '200'),
    ],
    deliveries: [
      delivery(0, 'success'),
      delivery(1, 'server_error', 'success'),
      delivery(2, 'unknown_outcome', 'success'),
      delivery(3, 'unknown_outcome', 'success'),
      delivery(4, 'success'),
    ],
  };
}

const ONE_IN_FLIGHT: Excused = { duplicates: 1 };

/** What the checker complains of, once `doctor` has been at the story. */
function complaints(doctor: (told: ReturnType<typeof story>) => void, excused = ONE_IN_FLIGHT): string {
  const told = story();
  doctor(told);
  return check(told, excused).broken.join(' ');
}

describe('the checker', () => {
  it('has no complaint of a story in which every promise was kept, and counts it', () => {
    const { broken, counts } = check(story(), ONE_IN_FLIGHT);
    expect(broken).toEqual([]);
    expect(counts).toEqual({
      events: EVENTS,
      deliveries: EVENTS,
      requests: 7,
      duplicates: 1,
      bound: 1,
      unknownOutcomes: 2,
      lost: 0,
      stuck: 0,
    });
  });

  const doctored: [string, (told: ReturnType<typeof story>) => void, RegExp][] = [
    ['a delivery that never arrived', ({ requests }) => requests.splice(0, 1), /^1 deliveries are lost/],
    ['a delivery that is not in the log', ({ deliveries }) => deliveries.splice(0, 1), /^1 deliveries are lost/],
    [
      'a success that the receiver never gave',
      ({ requests }) => (requests[0] = request(0, 1, '500')),
      /^1 deliveries are lost/,
    ],
    [
      'a delivery that is not final',
      ({ deliveries }) => (deliveries[0] = { ...delivery(0), status: 'sending', attemptCount: 1 }),
      /1 deliveries are stuck/,
    ],
    [
      'a delivery that failed',
      ({ deliveries }) => (deliveries[0] = { ...delivery(0, 'server_error'), status: 'failed' }),
      /ended otherwise than they must: failed/,
    ],
    [
      'a request for what nobody published',
      ({ requests }) => requests.push({ ...request(9, 1, '200') }),
      /1 requests belong to nothing/,
    ],
    [
      'a delivery of what nobody published',
      ({ deliveries, requests }) => [deliveries.push(delivery(9, 'success')), requests.push(request(9, 1, '200'))],
      /1 deliveries are of no event published/,
    ],
    [
      'an event that answers for two',
      ({ published }) => published.push({ n: 5, id: 'event-0', deliveries: 1 }),
      /1 events answer for several/,
    ],
    [
      'a request that came twice',
      ({ requests }) => requests.push(request(0, 1, '200')),
      /1 duplicates more than the 1 .* 1 requests repeat the attempt number/,
    ],
    [
      'a request that is missing in the log',
      ({ requests }) => requests.push(request(0, 2, '200')),
      /1 duplicates more than the 1 .* 1 requests are missing in the log/,
    ],
    [
      'an attempt that never reached the receiver',
      ({ requests }) => requests.splice(1, 1),
      /1 attempts in the log never reached the receiver/,
    ],
    [
      'a second chain after the success',
      ({ deliveries, requests }) => [
        (deliveries[0] = delivery(0, 'success', 'success')),
        requests.push(request(0, 2, '200')),
      ],
      /1 deliveries went on after their success/,
    ],
    [
      'a gap in the attempts',
      ({ deliveries }) => (deliveries[0] = { ...delivery(0, 'success'), attemptCount: 2 }),
      /1 deliveries have gaps/,
    ],
    [
      'a signature that does not fit',
      ({ requests }) => (requests[0] = { ...request(0, 1, '200'), signed: false }),
      /1 requests carry no signature/,
    ],
  ];
  it.each(doctored)('notices %s', (_, doctor, sentence) => expect(complaints(doctor)).toMatch(sentence));

  it('excuses no more duplicates than were in flight', () =>
    expect(complaints(() => undefined, {})).toMatch(/^1 duplicates more than the 0/));

  it('excuses what was under way at a fault, and leaves nothing else without an outcome', () => {
    const cutOff = (...keys: string[]): Excused => ({ cutOff: new Set(keys) });
    // The other attempt without one never reached the receiver.
    expect(check(story(), cutOff('delivery-2/1'))).toMatchObject({ broken: [], counts: { bound: 1 } });
    expect(complaints(() => undefined, cutOff('delivery-0/1'))).toBe(
      '1 requests have no known outcome, though no fault met them.',
    );
  });

  it('excuses numbers that a crash of PostgreSQL made come again, as many as it is told', () => {
    const again = ({ requests }: ReturnType<typeof story>): void => void requests.push(request(0, 1, '200'));
    expect(complaints(again, { duplicates: 2, repeatedNumbers: 1 })).toBe('');
    expect(complaints(again, { duplicates: 2 })).toMatch(/1 requests repeat/);
  });

  it('does not take a replay for the delivery that is missing', () =>
    expect(complaints(({ deliveries }) => (deliveries[0] = { ...delivery(0, 'success'), replayOf: 'other' }))).toMatch(
      /^1 deliveries are lost/,
    ));
});

describe('the checker of replays', () => {
  const replay = (n: number): Delivery => ({
    ...delivery(n, 'success'),
    id: `replay-${n}`,
    replayOf: `delivery-${n}`,
  });
  const originals = [delivery(0, 'success'), delivery(1, 'success')];

  it('has no complaint where each delivery was replayed once', () =>
    expect(checkReplay([...originals, replay(0), replay(1)])).toEqual([]));

  it.each([
    ['a delivery that was not replayed', [replay(0)], /^1 deliveries were not replayed/],
    [
      'a delivery that was replayed twice',
      [replay(0), replay(1), { ...replay(1), id: 'replay-2' }],
      /^1 deliveries were replayed more than once/,
    ],
    [
      'a replay of another event',
      [{ ...replay(0), eventId: 'event-1' }, replay(1)],
      /^1 replays are of another event or webhook/,
    ],
    [
      'a replay to another webhook',
      [{ ...replay(0), webhookId: 'other' }, replay(1)],
      /^1 replays are of another event or webhook/,
    ],
    ['a replay of nothing', [replay(0), replay(1), replay(2)], /^1 replays are of another event or webhook/],
  ])('notices %s', (_, replays, sentence) =>
    expect(checkReplay([...originals, ...replays]).join(' ')).toMatch(sentence),
  );
});
