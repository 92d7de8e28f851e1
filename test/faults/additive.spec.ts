// A rolling deploy has old and new processes on the new schema at once. The long form lets them; here every migration is
// read: it may add, and nothing else. Plain indexes may go: without one the previous version is slower, and still right.
import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const MIGRATIONS = path.resolve(import.meta.dirname, '..', '..', 'src', 'migrations');

/** From here on versions run side by side. */
const FIRST_ROLLED = 1764000000500;

/** What the previous version would stumble over, in the SQL of an `up`. */
function offences(up: string, uniqueIndexes: readonly string[] = []): string[] {
  const sql = up
    .replace(/--.*|\/\/.*/g, '')
    .replace(/\bDROP\s+INDEX\s+(?:\S+\.)?(\w+)/gi, (statement, name: string) =>
      uniqueIndexes.includes(name) ? statement : '',
    );
  const found = (
    sql.match(/\b(?:DROP|RENAME|SET\s+NOT\s+NULL|ALTER\s+(?:COLUMN\s+)?\S+\s+(?:SET\s+DATA\s+)?TYPE)\b/gi) ?? []
  ).map(String);
  for (const [column] of sql.matchAll(/\bADD\s+COLUMN\b[^,;`]*/gi)) {
    if (/\bNOT\s+NULL\b/i.test(column) && !/\bDEFAULT\b/i.test(column)) found.push(column.trim());
  }
  return found;
}

const upOf = (source: string): string => /async up\(.*?(?=async down\()/s.exec(source)?.[0] ?? source;

describe('migrations since versions run side by side', () => {
  it('only add', () => {
    const sources = readdirSync(MIGRATIONS).map((name) => readFileSync(path.join(MIGRATIONS, name), 'utf8'));
    const unique = sources.flatMap((source) =>
      [...source.matchAll(/\bCREATE\s+UNIQUE\s+INDEX\s+(\w+)/gi)].map((match) => match[1] ?? ''),
    );
    expect(unique).toContain('source_name');
    const wrong = readdirSync(MIGRATIONS)
      .filter((name) => Number(/^\d+/.exec(name)?.[0] ?? 0) >= FIRST_ROLLED)
      .flatMap((name) =>
        offences(upOf(readFileSync(path.join(MIGRATIONS, name), 'utf8')), unique).map((text) => `${name}: ${text}`),
      );
    expect(wrong).toEqual([]);
  });

  it.each([
    'DROP TABLE x',
    'ALTER TABLE x DROP COLUMN y',
    'ALTER TABLE x RENAME TO y',
    'ALTER TABLE x RENAME COLUMN y TO z',
    'ALTER TABLE x ALTER COLUMN y TYPE bigint',
    'ALTER TABLE x ALTER y SET DATA TYPE bigint',
    'ALTER TABLE x ALTER COLUMN y SET NOT NULL',
    'ALTER TABLE x ADD COLUMN y text NOT NULL',
    'ALTER TABLE x ADD COLUMN a text, ADD COLUMN y text NOT NULL',
    'DROP INDEX s.one_only',
  ])('would be refused: %s', (sql) => expect(offences(sql, ['one_only'])).not.toEqual([]));

  it.each([
    'CREATE TABLE x (id uuid NOT NULL, data_type text)',
    'ALTER TABLE x ADD COLUMN y text',
    "ALTER TABLE x ADD COLUMN y text NOT NULL DEFAULT 'a', ADD COLUMN z integer",
    'CREATE INDEX i ON x (y) WHERE y IS NOT NULL',
    'DROP INDEX s.i; CREATE INDEX i ON s.x (y)',
  ])('may be written: %s', (sql) => expect(offences(sql)).toEqual([]));
});
