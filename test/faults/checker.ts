// Judges what a scenario left behind. Pure: it knows nothing of which fault was made, only how many duplicates it excuses.
import type { Attempt, Delivery, Evidence, Request } from './evidence.js';
import { NOT_FINAL } from './evidence.js';

/** What the faults of a scenario excuse. */
export interface Excused {
  /** Requests that were in flight when something was killed, stopped or lost its memory: each may come once more. */
  readonly duplicates?: number;
  /**
   * Beside them, those that are known, as `delivery/number`: each may come once more, and nothing else that arrived may be left
   * without an outcome.
   */
  readonly cutOff?: ReadonlySet<string>;
  /** Claims that a crash of PostgreSQL may undo: their attempt number is used again. */
  readonly repeatedNumbers?: number;
  /** How a delivery to a path may end; everything else must be `success`. */
  readonly finals?: (path: string, delivery: Delivery) => string | readonly string[];
}

export interface Counts {
  readonly events: number;
  readonly deliveries: number;
  readonly requests: number;
  /** Requests that no attempt of known outcome accounts for. */
  readonly duplicates: number;
  readonly bound: number;
  readonly unknownOutcomes: number;
  readonly lost: number;
  readonly stuck: number;
}

export interface Verdict {
  readonly counts: Counts;
  /** Sentences: what was promised and not kept. */
  readonly broken: readonly string[];
}

/** Notes a complaint; the same one about several things becomes one sentence. */
type Complain = (count: number, sentence: string) => void;

const UNKNOWN = 'unknown_outcome';
/** Attempts that may end before anything reaches the receiver. */
const MAY_NOT_ARRIVE = new Set([UNKNOWN, 'connection_error', 'timeout']);

/** Compares what was acknowledged, what arrived and what the log says. */
export function check(evidence: Evidence, excused: Excused = {}): Verdict {
  const complaints = new Map<string, number>();
  const complain: Complain = (count, sentence) => {
    if (count > 0) complaints.set(sentence, (complaints.get(sentence) ?? 0) + count);
  };
  const requestsOf = groupBy(evidence.requests, ({ delivery }) => delivery);
  const originals = evidence.deliveries.filter(({ replayOf }) => replayOf === null);
  const deliveriesOf = groupBy(originals, ({ eventId }) => eventId);
  const requestsFor = ({ id }: Delivery): readonly Request[] => requestsOf.get(id) ?? [];

  const stuck = evidence.deliveries.filter(({ status }) => (NOT_FINAL as readonly string[]).includes(status));
  const missing = evidence.published.reduce(
    (sum, { id, deliveries }) => sum + Math.max(0, deliveries - (deliveriesOf.get(id)?.length ?? 0)),
    0,
  );
  const unheard = evidence.deliveries.filter(
    (delivery) => delivery.status === 'success' && !requestsFor(delivery).some(({ answer }) => accepts(answer)),
  );
  const lost = missing + unheard.length;
  complain(lost, 'deliveries are lost.');
  complain(stuck.length, 'deliveries are stuck in a state that is not final.');

  const strayed = evidence.deliveries.filter((delivery) => {
    const expected = excused.finals?.(requestsFor(delivery)[0]?.path ?? '', delivery) ?? 'success';
    return !stuck.includes(delivery) && ![expected].flat().includes(delivery.status);
  });
  complain(
    strayed.length,
    `deliveries ended otherwise than they must: ${sample(strayed.map(({ status }) => status))}.`,
  );

  complainOfStrangers(evidence, complain);
  complain(evidence.requests.filter(({ signed }) => !signed).length, 'requests carry no signature that fits.');

  const known = (delivery: Delivery): number => delivery.attempts.filter(({ outcome }) => outcome !== UNKNOWN).length;
  const inFlight = (delivery: Delivery): number => (stuck.includes(delivery) ? 1 : 0);
  const duplicates = evidence.deliveries.reduce(
    (sum, delivery) => sum + Math.max(0, requestsFor(delivery).length - known(delivery) - inFlight(delivery)),
    0,
  );
  const arrived = new Set(evidence.requests.map(({ delivery, attempt }) => `${delivery}/${attempt}`));
  const { cutOff } = excused;
  const bound = (excused.duplicates ?? 0) + (cutOff?.size ?? 0);
  complain(Math.max(0, duplicates - bound), `duplicates more than the ${bound} that were in flight at the faults.`);

  const unknown = evidence.deliveries.flatMap(({ id, attempts }) =>
    attempts.filter(isUnknown).map(({ number }) => `${id}/${number}`),
  );
  complain(
    cutOff ? unknown.filter((key) => arrived.has(key) && !cutOff.has(key)).length : 0,
    'requests have no known outcome, though no fault met them.',
  );

  const repeated = evidence.deliveries.reduce((sum, delivery) => {
    const numbers = requestsFor(delivery).map(({ attempt }) => attempt);
    return sum + numbers.length - new Set(numbers).size;
  }, 0);
  complain(
    Math.max(0, repeated - (excused.repeatedNumbers ?? 0)),
    'requests repeat the attempt number of another request.',
  );

  for (const delivery of evidence.deliveries)
    complainOfLog(delivery, requestsFor(delivery), inFlight(delivery), complain);

  return {
    counts: {
      events: evidence.published.length,
      deliveries: evidence.deliveries.length,
      requests: evidence.requests.length,
      duplicates,
      bound,
      unknownOutcomes: evidence.deliveries.flatMap(({ attempts }) => attempts).filter(isUnknown).length,
      lost,
      stuck: stuck.length,
    },
    broken: [...complaints].map(([sentence, count]) => `${count} ${sentence}`),
  };
}

/** Requests for what nobody published, and events that were stored twice under one key. */
function complainOfStrangers({ published, requests, deliveries }: Evidence, complain: Complain): void {
  const events = new Set(published.map(({ id }) => id));
  const log = new Set(deliveries.map(({ id }) => id));
  complain(
    requests.filter(({ event, delivery }) => !events.has(event) || !log.has(delivery)).length,
    'requests belong to nothing that was published.',
  );
  complain(deliveries.filter(({ eventId }) => !events.has(eventId)).length, 'deliveries are of no event published.');
  complain(
    [...groupBy(published, ({ id }) => id).values()].filter(({ length }) => length > 1).length,
    'events answer for several that were published.',
  );
}

/** The log must be the truth: numbered without gaps, each request in it, one chain that ends with the success. */
function complainOfLog(
  { attempts, attemptCount, status }: Delivery,
  requests: readonly Request[],
  inFlight: number,
  complain: Complain,
): void {
  const gaps = attempts.some(({ number }, index) => number !== index + 1) || attempts.length + inFlight < attemptCount;
  complain(gaps ? 1 : 0, 'deliveries have gaps in their attempts.');
  const numbers = new Set(attempts.map(({ number }) => number));
  if (inFlight > 0) numbers.add(attemptCount);
  complain(requests.filter(({ attempt }) => !numbers.has(attempt)).length, 'requests are missing in the log.');
  const arrived = new Set(requests.map(({ attempt }) => attempt));
  complain(
    attempts.filter(({ number, outcome }) => !MAY_NOT_ARRIVE.has(outcome) && !arrived.has(number)).length,
    'attempts in the log never reached the receiver.',
  );
  const successes = attempts.filter(({ outcome }) => outcome === 'success');
  const oneChain = successes.length <= 1 && (successes.length === 0 || attempts.at(-1) === successes[0]);
  complain(oneChain ? 0 : 1, 'deliveries went on after their success.');
  complain(status === 'success' && successes.length === 0 ? 1 : 0, 'deliveries succeeded without an attempt that did.');
  complain(attempts.filter(({ durationMs }) => durationMs < 0).length, 'attempts took less than no time.');
}

/** What a replay of everything must leave: of each original one new delivery, of the same event to the same webhook. */
export function checkReplay(deliveries: readonly Delivery[]): readonly string[] {
  const broken: string[] = [];
  const originals = deliveries.filter(({ replayOf }) => replayOf === null);
  const replays = deliveries.filter(({ replayOf }) => replayOf !== null);
  const replaysOf = groupBy(replays, ({ replayOf }) => replayOf ?? '');
  const missing = originals.filter(({ id }) => !replaysOf.has(id)).length;
  if (missing > 0) broken.push(`${missing} deliveries were not replayed.`);
  const twice = [...replaysOf.values()].filter(({ length }) => length > 1).length;
  if (twice > 0) broken.push(`${twice} deliveries were replayed more than once.`);
  const original = new Map(originals.map((delivery) => [delivery.id, delivery]));
  const strange = replays.filter(({ replayOf, eventId, webhookId }) => {
    const of = original.get(replayOf ?? '');
    return of?.eventId !== eventId || of.webhookId !== webhookId;
  }).length;
  if (strange > 0) broken.push(`${strange} replays are of another event or webhook than what they replay.`);
  return broken;
}

/** Behaviours whose status line says 2xx, whatever comes after it. */
const accepts = (answer: string): boolean => ['200', 'drip', 'endless', 'bomb', 'reset-after'].includes(answer);

const isUnknown = ({ outcome }: Attempt): boolean => outcome === UNKNOWN;

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

const sample = (texts: readonly string[]): string => [...new Set(texts)].slice(0, 5).join(', ');
