// How the log is kept, for the administrator of the installation: from when on, how large, and how far the dropping is of
// what is past its retention.
import { useRef } from 'preact/hooks';
import { api } from '../../api/client';
import type { Storage as StorageAnswer, StoredTable } from '../../api/settings-types';
import { useResource } from '../../api/use-resource';
import { Notice } from '../../components/notice';
import { PageHead } from '../../components/page-head';
import { Progress } from '../../components/progress';
import { Table } from '../../components/table';
import type { Column } from '../../components/table';
import { durationText } from '../../components/time';

const FOLLOW_MS = 3_000;

const TITLES: Readonly<Record<string, string>> = {
  event: 'Events',
  delivery: 'Deliveries',
  delivery_attempt: 'Attempts',
  received_event: 'Received events',
  handler_run: 'Handler runs',
};

interface Row extends StoredTable {
  /** Since the page was opened. */
  readonly dropped: number;
}

export function Storage() {
  const rows = useRef<readonly Row[]>([]);
  const { value, error } = useResource(
    async (signal) => {
      const { retentionMs, tables } = await api.get<StorageAnswer>('storage', {}, signal);
      rows.current = tables.map((table) => ({ ...table, dropped: droppedOf(table, rows.current) }));
      return { retentionMs, rows: rows.current };
    },
    [],
    { everyMs: FOLLOW_MS },
  );
  return (
    <>
      <PageHead title="Storage" />
      {error && <Notice tone="bad">{error}</Notice>}
      {value ? (
        <>
          <p>
            The log is kept for {durationText(value.retentionMs)}, in one partition per day and table. A day past that
            is dropped within minutes; one with unfinished work stays until the work is done.
          </p>
          <Table caption="Tables of the log" columns={COLUMNS} rows={value.rows} idOf={({ table }) => table} />
        </>
      ) : (
        !error && <div class="waiting" aria-busy />
      )}
    </>
  );
}

/** What is gone since the answer before adds to what was gone by then; days that come due meanwhile take nothing away. */
function droppedOf({ table, pastRetention }: StoredTable, before: readonly Row[]): number {
  const last = before.find((row) => row.table === table);
  return last ? last.dropped + Math.max(0, last.pastRetention - pastRetention) : 0;
}

const COLUMNS: readonly Column<Row>[] = [
  {
    title: 'Table',
    cell: ({ table }) => (
      <>
        <strong>{TITLES[table] ?? table}</strong>
        <span class="muted block mono">{table}</span>
      </>
    ),
  },
  { title: 'Size', numeric: true, cell: ({ bytes }) => sizeText(bytes) },
  { title: 'Partitions', numeric: true, cell: ({ partitions }) => partitions.toLocaleString() },
  { title: 'Oldest day', cell: ({ oldestDay }) => dayText(oldestDay) },
  { title: 'Newest day', minor: true, cell: ({ newestDay }) => dayText(newestDay) },
  {
    title: 'Past retention, dropped',
    cell: ({ table, dropped, pastRetention }) =>
      dropped + pastRetention > 0 ? (
        <Progress done={dropped} of={dropped + pastRetention} label={`Partitions of ${table} dropped`} />
      ) : (
        <span class="muted">none</span>
      ),
  },
];

/** Of a day in UTC, which is none of one's own clock. */
const dayText = (day: string | null) =>
  day === null ? (
    <span class="muted">–</span>
  ) : (
    <time dateTime={day} title={`${day}, in UTC`}>
      {day}
    </time>
  );

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'];

/** `912 KiB`, `1.4 GiB`. */
function sizeText(bytes: number): string {
  let [size, unit] = [bytes / 1_024, 0];
  for (; size >= 1_024 && unit < UNITS.length - 1; unit++) size /= 1_024;
  return `${size.toLocaleString(undefined, { maximumFractionDigits: size < 10 ? 1 : 0 })} ${UNITS[unit]}`;
}
