// A rolling deploy has old and new processes on the new schema at once. The long form lets them; here every migration is
// read: it may add, and nothing else. Plain indexes may go: without one the previous version is slower, and still right.
import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const MIGRATIONS = path.resolve(import.meta.dirname, '..', '..', 'src', 'migrations');

/** From here on versions run side by side. */
const FIRST_ROLLED = 1764000000500;

/**
 * Rules that were given to tables which older versions write, by their names, and why none of these stumbles over them. What
 * comes to this list is read with the code of the version before it in hand.
 */
const HARMLESS: Readonly<Record<string, string>> = {
  webhook_guarantee_check:
    'looks at one column, which came with it: older versions do not write that, and its default passes',
  webhook_filter_check:
    'looks at two columns, which came with it: older versions write neither, so that both stay null, or what they are',
  webhook_begins_anew:
    'refuses nothing, and changes of the health of a webhook what older versions delete themselves when they have committed',
};

/** What gives a table a rule that its rows have to pass, or that acts on them: the table, and the name of the rule. */
const RULES = [
  /\bALTER\s+TABLE\s+(?<table>\S+)(?=(?<changes>[^;`]*))/gi,
  /\bCREATE\s+UNIQUE\s+INDEX\s+(?<rule>\w+)\s+ON\s+(?<table>\S+)/gi,
  /\bCREATE\s+(?:CONSTRAINT\s+)?TRIGGER\s+(?<rule>\w+)\b[^;]*?\sON\s+(?<table>\S+)/gi,
];
const CONSTRAINT = /\bADD\s+(?:CONSTRAINT\s+(\w+)|CHECK|UNIQUE|EXCLUDE|FOREIGN\s+KEY|PRIMARY\s+KEY)/gi;

const withoutSchema = (table = ''): string => /\w+$/.exec(table)?.[0] ?? table;

/** Rules for tables that were there before: what was made a moment ago, no older version writes. */
function newRules(sql: string): string[] {
  const made = [...sql.matchAll(/\bCREATE\s+TABLE\s+(\S+)/gi)].map(([, table]) => withoutSchema(table));
  return RULES.flatMap((pattern) => [...sql.matchAll(pattern)]).flatMap(({ groups = {} }) => {
    const { rule, table, changes = '' } = groups;
    if (made.includes(withoutSchema(table))) return [];
    return rule ?? [...changes.matchAll(CONSTRAINT)].map(([unnamed, name]) => name ?? unnamed);
  });
}

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
  return [...found, ...newRules(sql)];
}

const upOf = (source: string): string => /async up\(.*?(?=async down\()/s.exec(source)?.[0] ?? source;

describe('migrations since versions run side by side', () => {
  it('only add', () => {
    const sources = readdirSync(MIGRATIONS).map((name) => readFileSync(path.join(MIGRATIONS, name), 'utf8'));
    const unique = sources.flatMap((source) =>
      [...source.matchAll(/\bCREATE\s+UNIQUE\s+INDEX\s+(\w+)/gi)].map((match) => match[1] ?? ''),
    );
    expect(unique).toContain('source_name');
    const found = readdirSync(MIGRATIONS)
      .filter((name) => Number(/^\d+/.exec(name)?.[0] ?? 0) >= FIRST_ROLLED)
      .flatMap((name) =>
        offences(upOf(readFileSync(path.join(MIGRATIONS, name), 'utf8')), unique).map((text) => ({ name, text })),
      );
    expect(found.filter(({ text }) => !(text in HARMLESS))).toEqual([]);
    expect(found.map(({ text }) => text).sort()).toEqual(Object.keys(HARMLESS).sort());
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
    "ALTER TABLE s.x ADD COLUMN y text, ADD CONSTRAINT y_check CHECK (y <> 'a')",
    'ALTER TABLE x ADD CHECK (y > 0)',
    'ALTER TABLE x ADD UNIQUE (y)',
    'CREATE UNIQUE INDEX i ON s.x (y)',
    'CREATE TRIGGER t BEFORE INSERT OR UPDATE OF y ON s.x FOR EACH ROW EXECUTE FUNCTION f()',
    'CREATE CONSTRAINT TRIGGER t AFTER INSERT ON x FOR EACH ROW EXECUTE FUNCTION f()',
    'CREATE TABLE s.other (id uuid); CREATE UNIQUE INDEX i ON s.x (y)',
  ])('would be refused: %s', (sql) => expect(offences(sql, ['one_only'])).not.toEqual([]));

  it.each([
    'CREATE TABLE x (id uuid NOT NULL, data_type text)',
    'ALTER TABLE x ADD COLUMN y text',
    "ALTER TABLE x ADD COLUMN y text NOT NULL DEFAULT 'a', ADD COLUMN z integer",
    'CREATE INDEX i ON x (y) WHERE y IS NOT NULL',
    'CREATE TABLE s.x (y text, CONSTRAINT y_check CHECK (y IS NULL)); CREATE UNIQUE INDEX i ON s.x (y)',
    'CREATE TABLE s.x (y text); CREATE TRIGGER t BEFORE UPDATE ON s.x FOR EACH ROW EXECUTE FUNCTION f()',
    'DROP INDEX s.i; CREATE INDEX i ON s.x (y)',
  ])('may be written: %s', (sql) => expect(offences(sql)).toEqual([]));
});
