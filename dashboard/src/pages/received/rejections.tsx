// What a source turned away in the last week, by reason: senders are never told, so it is here that one finds out.
import { api } from '../../api/client';
import type { Rejection } from '../../api/received-types';
import type { Page } from '../../api/types';
import { useResource } from '../../api/use-resource';
import { words } from '../../components/chip';
import { Notice } from '../../components/notice';
import { Table } from '../../components/table';
import type { Column } from '../../components/table';
import { Time } from '../../components/time';

const MOST = 250;

const MEANINGS: Readonly<Record<string, string>> = {
  no_signature: 'It was not signed: the sender has no secret yet, or it was somebody else.',
  malformed: 'Its signature could not be read. Is the provider the right one?',
  stale: 'It was signed too long ago, or a clock is wrong.',
  no_secret_matched: 'It was signed with another secret, or changed on its way. Is the sender’s secret here?',
  challenge_refused: 'It asked for a handshake that does not fit. Is the verify token the right one?',
  ip_not_allowed: 'It came from an address that is not allowed. Behind a proxy, TRUST_PROXY must be set.',
  rate_limited: 'There were more at once than the rate limit lets through.',
  too_large: 'Its body was larger than is taken.',
  too_slow: 'Its body took too long to arrive.',
  too_busy: 'There was too much to do at that moment; the sender was asked to come again.',
};

export function Rejections({ path }: { readonly path: string }) {
  const { value, error, reload } = useResource((signal) => byReason(path, signal), [path], { everyMs: 10_000 });
  return (
    <section class="panel stack" aria-label="Turned away">
      <h2>Turned away in the last week</h2>
      {error && <Notice tone="bad">{error}</Notice>}
      {value?.length === 0 && (
        <p class="muted">
          Nothing. If the sender says that it sent something, it went to another address.{' '}
          <button type="button" class="button quiet" onClick={reload}>
            Look again
          </button>
        </p>
      )}
      {value && value.length > 0 && (
        <Table caption="Reasons" columns={COLUMNS} rows={value} idOf={({ reason }) => reason} />
      )}
    </section>
  );
}

/** The hours of each reason as one, the latest first. */
async function byReason(path: string, signal: AbortSignal): Promise<readonly Rejection[]> {
  const sums = new Map<string, Rejection>();
  let cursor: string | null = null;
  do {
    const page: Page<Rejection> = await api.get(`${path}/rejections`, { limit: MOST, cursor }, signal);
    for (const row of page.data) {
      const before = sums.get(row.reason);
      sums.set(row.reason, before ? { ...before, count: before.count + row.count } : row);
    }
    cursor = page.nextCursor;
  } while (cursor !== null);
  return [...sums.values()];
}

const COLUMNS: readonly Column<Rejection>[] = [
  {
    title: 'Reason',
    cell: ({ reason }) => (
      <>
        <strong>{words(reason)}</strong>
        <span class="muted block">{MEANINGS[reason]}</span>
      </>
    ),
  },
  { title: 'Requests', numeric: true, cell: ({ count }) => count.toLocaleString() },
  { title: 'Latest', cell: ({ lastAt }) => <Time at={lastAt} /> },
  {
    title: 'From',
    minor: true,
    cell: ({ samples: [latest] }) =>
      latest && (
        <>
          {latest.address} {latest.userAgent}
          <span class="muted block mono">{latest.requestId}</span>
        </>
      ),
  },
];
