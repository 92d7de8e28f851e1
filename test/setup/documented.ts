// What the documentation shows, run from its own text.
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..', '..');

/**
 * What the snippet of a page exports.
 *
 * @param page - Below `docs`.
 * @param marker - Stands in that snippet, and in no other of the page.
 */
export async function documented<Exported>(page: string, marker: string): Promise<Exported> {
  const text = readFileSync(path.join(root, 'docs', page), 'utf8');
  const snippets = [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].flatMap(([, code = '']) =>
    code.includes(marker) ? [code] : [],
  );
  const [snippet, another] = snippets;
  if (snippet === undefined || another !== undefined)
    throw new Error(`${page} has ${snippets.length} snippets with “${marker}”.`);
  // Beside this file, where the packages that it imports are found.
  const file = path.join(import.meta.dirname, `documented-${randomUUID()}.ts`);
  writeFileSync(file, snippet.replaceAll(`from 'posthorn'`, `from '../../src/index.js'`));
  try {
    return (await import(file)) as Exported;
  } finally {
    rmSync(file);
  }
}
