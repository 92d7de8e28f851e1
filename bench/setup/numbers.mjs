// Numbers for people: percentiles, medians, tables.
import os from 'node:os';

/** The value that `part` (0 to 1) of all values do not exceed. */
export function percentile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * part) - 1))];
}

export const median = (values) => percentile(values, 0.5);

/** What the numbers below it were measured on. */
export const machine = () =>
  `${os.cpus().length} × ${os.cpus()[0].model.trim()}, ${Math.round(os.totalmem() / 2 ** 30)} GiB, ${os.type()} ${os.release()}, ` +
  `Node ${process.versions.node}; load before the start ${os.loadavg()[0].toFixed(1)}`;

/** Prints rows in columns; the first is the head, the first column is text. */
export function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  for (const row of rows)
    console.log(
      row
        .map((cell, column) =>
          column === 0 ? String(cell).padEnd(widths[column]) : String(cell).padStart(widths[column]),
        )
        .join('  '),
    );
}
