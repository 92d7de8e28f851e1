// A list of the API, page by page: rows, what to do where there are none, and the way to older ones. Where one is, times
// say; nobody knows what page 4 of 900 is. The place stands in the address, so that the browser's Back is the way back.
import type { ComponentChildren } from 'preact';
import type { Page } from '../api/types';
import type { Resource } from '../api/use-resource';
import { refine, useRoute } from '../routing/route';
import { Button } from './button';
import { Notice } from './notice';
import { Table } from './table';
import type { Column } from './table';
import { timeText } from './time';

interface Props<Row> {
  readonly caption: string;
  readonly resource: Resource<Page<Row>>;
  readonly columns: readonly Column<Row>[];
  readonly idOf: (row: Row) => string;
  readonly hrefOf?: (row: Row) => string;
  /** When a row came to be. */
  readonly timeOf: (row: Row) => string;
  /** Shown where there is no row at all. */
  readonly empty: ComponentChildren;
}

export function List<Row>({ caption, resource, columns, idOf, hrefOf, timeOf, empty }: Props<Row>) {
  const { params } = useRoute();
  const { value, error, loading } = resource;
  if (!value) return error ? <Notice tone="bad">{error}</Notice> : <div class="waiting" aria-busy={loading} />;
  const rows = value.data;
  const [first, last] = [rows[0], rows.at(-1)];
  const isFirstPage = !params.has('cursor');
  if (rows.length === 0 && isFirstPage && value.nextCursor === null) return <>{empty}</>;
  return (
    <section aria-busy={loading}>
      {error && <Notice tone="bad">{error}</Notice>}
      <Table caption={caption} columns={columns} rows={rows} idOf={idOf} hrefOf={hrefOf} />
      {!(isFirstPage && value.nextCursor === null) && (
        <footer class="pager">
          <span class="muted">
            {first && last ? `${timeText(timeOf(first))} back to ${timeText(timeOf(last))}` : 'Nothing older'}
          </span>
          {!isFirstPage && <Button onClick={() => refine({})}>Newest</Button>}
          {value.nextCursor !== null && (
            <Button onClick={() => refine({ cursor: value.nextCursor ?? undefined })}>Older</Button>
          )}
        </footer>
      )}
    </section>
  );
}
