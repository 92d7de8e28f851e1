// Files that are made from the code: written, or with --check compared. Used by the generators of the documentation.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Text for a cell of a table. */
export const cell = (text) => text.replaceAll('|', '\\|');

/** A Markdown page as prettier leaves it. */
export const formatted = async (page, text) => format(text, { ...(await resolveConfig(page)), filepath: page });

/** Writes the files, given as path and text; with --check says which of them differ, and how to make them again. */
export function writeOrCheck(made, { source, command }) {
  if (!process.argv.includes('--check')) {
    for (const [file, text] of made) writeFileSync(file, text);
    return;
  }
  const stale = made.filter(([file, text]) => readOrNothing(file) !== text).map(([file]) => path.relative(root, file));
  if (stale.length > 0) console.error(`${stale.join(' and ')} differ from ${source}: run ${command}.`);
  process.exitCode = stale.length > 0 ? 1 : 0;
}

function readOrNothing(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
