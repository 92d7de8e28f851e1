// Rows of a list, each of which may be gone to: by its link, by a click anywhere on it, by the arrow keys from row to row.
import type { ComponentChildren } from 'preact';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Numbers stand under each other. */
  readonly numeric?: boolean;
  /** Left out where there is little room. */
  readonly minor?: boolean;
}

interface Props<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly idOf: (row: Row) => string;
  /** Where a row leads; the first column is its link. */
  readonly hrefOf?: (row: Row) => string;
}

export function Table<Row>({ caption, columns, rows, idOf, hrefOf }: Props<Row>) {
  return (
    <div class="table">
      <table onKeyDown={moveAmongRows}>
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.title} scope="col" class={classOf(column)}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={idOf(row)} onClick={hrefOf && followLink}>
              {columns.map((column, index) => (
                <td key={column.title} class={classOf(column)}>
                  {index === 0 && hrefOf ? (
                    <a class="row-link" href={hrefOf(row)}>
                      {column.cell(row)}
                    </a>
                  ) : (
                    column.cell(row)
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const classOf = ({ numeric, minor }: Pick<Column<never>, 'numeric' | 'minor'>): string | undefined =>
  [numeric && 'numeric', minor && 'minor'].filter(Boolean).join(' ') || undefined;

/** A click that means the row: not one that selects text, and not one on what is itself to be pressed. */
function followLink(event: MouseEvent): void {
  const target = event.target as HTMLElement;
  if (event.defaultPrevented || target.closest('a,button,input') || getSelection()?.toString()) return;
  (event.currentTarget as HTMLElement).querySelector<HTMLAnchorElement>('.row-link')?.click();
}

function moveAmongRows(event: KeyboardEvent): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (step === 0) return;
  const links = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLAnchorElement>('.row-link')];
  const next = links[links.indexOf(document.activeElement as HTMLAnchorElement) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
