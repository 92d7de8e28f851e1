// Judges whether each webhook was sent to by its own rules, whatever broke meanwhile: by what its receiver wrote down, and by
// the claims that are on disk. Pure, and without tolerances: what it calls broken is so on the slowest machine.
import type { Delivery, Evidence, Request } from './evidence.js';
import type { Claim, Pause } from './rows.js';

/** What a webhook asks for. */
export interface WebhookRules {
  readonly webhookId: string;
  /** What complaints call it. */
  readonly name: string;
  readonly ordered?: boolean;
  readonly atMostOnce?: boolean;
  readonly maxInFlight?: number;
  readonly rateLimit?: { readonly max: number; readonly perSeconds: number };
}

/** Complaints of how one webhook was sent to. */
export function checkRules(evidence: Evidence, claims: readonly Claim[], rules: WebhookRules): readonly string[] {
  const deliveries = evidence.deliveries.filter(({ webhookId }) => webhookId === rules.webhookId);
  const ids = new Set(deliveries.map(({ id }) => id));
  const requests = evidence.requests.filter(({ delivery }) => ids.has(delivery));
  const sent = requests.map((request) => ({ request, claimedAt: claimOf(request, claims) }));
  const broken = [
    told(sent.filter(({ claimedAt }) => claimedAt === undefined).length, 'requests went out under no claim on disk'),
    told(rules.ordered ? outOfOrder(evidence, deliveries, requests) : 0, 'deliveries were sent out of their order'),
    told(rules.atMostOnce ? requests.length - new Set(requests.map(({ delivery }) => delivery)).size : 0, 'came again'),
    told(rules.atMostOnce ? deliveries.filter(isAmiss).length : 0, 'ended otherwise than at most once says'),
    told(
      requests.filter(({ open }) => open > (rules.maxInFlight ?? Infinity)).length,
      'requests were too many at a time',
    ),
    told(rules.rateLimit ? tooMany(sent, rules.rateLimit) : 0, 'requests were too many for the rate limit'),
  ];
  return broken.flatMap((complaint) => (complaint === undefined ? [] : `${rules.name}: ${complaint}`));
}

/** A time in which the receiver of a webhook was down. */
export interface Downtime {
  readonly pauses: readonly Pause[];
  /** When the receiver was well again, by its own clock. */
  readonly upAt: number;
  /** Processes that ran at a time: after each pause, each of them probes once. */
  readonly workers: number;
  /** Processes that were started in the place of others, which may just have probed. */
  readonly restarts: number;
}

/** Complaints of how a webhook was left alone whose receiver is down, from its first pause until that is well again. */
export function checkCircuit(
  claims: readonly Claim[],
  webhookId: string,
  { pauses, upAt, workers, restarts }: Downtime,
): readonly string[] {
  const down = pauses.filter(({ seenAt }) => seenAt < upAt);
  const firstSeenAt = Math.min(...down.map(({ seenAt }) => seenAt));
  const probes = claims.filter((claim) => claim.webhookId === webhookId && claim.at > firstSeenAt && claim.at < upAt);
  const inPause = probes.filter(({ at }) => down.some(({ seenAt, until }) => at > seenAt && at < until));
  const broken = [
    told(inPause.length, 'deliveries were claimed while the webhook paused'),
    told(Math.max(0, probes.length - down.length * workers - restarts), `probes too many after ${down.length} pauses`),
  ];
  return broken.flatMap((complaint) => complaint ?? []);
}

const told = (count: number, what: string): string | undefined => (count > 0 ? `${count} ${what}.` : undefined);

/** When the claim began that a request was sent under; `undefined`: there is none. */
const claimOf = ({ delivery, attempt, at }: Request, claims: readonly Claim[]): number | undefined =>
  claims.findLast((claim) => claim.delivery === delivery && claim.number === attempt && claim.at <= at + ROUNDING_MS)
    ?.at;

/** The receiver's clock has whole milliseconds. */
const ROUNDING_MS = 1;

/**
 * Deliveries that began before one ahead of them in their lane was over: the log says that it was, and it does not come
 * again.
 */
function outOfOrder({ published }: Evidence, deliveries: readonly Delivery[], requests: readonly Request[]): number {
  const keyOf = new Map(published.map(({ id, orderingKey }) => [id, orderingKey ?? '']));
  const lanes = new Map<string, Delivery[]>();
  for (const delivery of deliveries) {
    const key = keyOf.get(delivery.eventId) ?? '';
    lanes.set(key, [...(lanes.get(key) ?? []), delivery]);
  }
  let count = 0;
  for (const lane of lanes.values()) {
    let [lastPlace, overAt] = [-1, -Infinity];
    for (const { id, completedAt } of lane.sort((a, b) => (a.eventId < b.eventId ? -1 : 1))) {
      const places = requests.flatMap(({ delivery }, place) => (delivery === id ? [place] : []));
      const [first] = places;
      if (first !== undefined && (first < lastPlace || (requests[first] as Request).at < overAt)) count += 1;
      lastPlace = Math.max(lastPlace, ...places);
      overAt = Math.max(overAt, completedAt === null ? Infinity : Date.parse(completedAt));
    }
  }
  return count;
}

/** What was cut off has failed as such; what was answered otherwise than by 2xx has failed for good. */
function isAmiss({ status, reason, attempts }: Delivery): boolean {
  const last = attempts.at(-1)?.outcome;
  if (status === 'success') return last !== 'success';
  if (status !== 'failed') return true;
  return reason !== (last === 'unknown_outcome' ? 'unknown_outcome' : 'at_most_once');
}

/**
 * Requests beyond a rate limit. Each was counted at some moment between the beginning of its claim and its arrival: too many
 * are those that lie within one window wherever in between that was.
 */
function tooMany(
  sent: readonly { request: Request; claimedAt: number | undefined }[],
  { max, perSeconds }: { max: number; perSeconds: number },
): number {
  const spans = sent.map(({ request: { at }, claimedAt }) => ({
    from: claimedAt ?? at,
    to: at + ROUNDING_MS,
  }));
  const most = spans.map(
    ({ from }) => spans.filter((span) => span.from >= from && span.to < from + perSeconds * 1_000).length,
  );
  return Math.max(0, ...most.map((count) => count - max));
}
