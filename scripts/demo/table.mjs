// Prints rows as a table.

/**
 * @param {string[]} titles
 * @param {(string | number | null)[][]} rows
 */
export function table(titles, rows) {
  const lines = [titles, ...rows].map((row) => row.map((cell) => String(cell ?? '-')));
  const widths = titles.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const text = (line) => `  ${line.map((cell, column) => cell.padEnd(widths[column])).join('  ')}`.trimEnd();
  const rule = `  ${widths.map((width) => '-'.repeat(width)).join('  ')}`;
  return [text(lines[0]), rule, ...lines.slice(1).map(text)].join('\n');
}
