// What is kept of a change: the fields that differ, with their values where those may be seen.

/** A field that changed; without values where those are nobody's business. */
export interface ChangedField {
  readonly field: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** What is known of a thing, as it stands in an answer of the API: never a secret, but maybe something to keep quiet about. */
export interface Facts {
  readonly shown: Readonly<Record<string, unknown>>;
  /** Fields of which only is kept that they changed. */
  readonly hidden?: Readonly<Record<string, unknown>>;
}

const NOTHING: Facts = { shown: {} };

/** The fields that differ, by what JSON makes of them; null and absent are the same. */
export function differences(before: Facts = NOTHING, after: Facts = NOTHING): ChangedField[] {
  const shown = differing(before.shown, after.shown).map((field) => ({
    field,
    before: before.shown[field] ?? null,
    after: after.shown[field] ?? null,
  }));
  return [...shown, ...differing(before.hidden ?? {}, after.hidden ?? {}).map((field) => ({ field }))];
}

const differing = (before: Facts['shown'], after: Facts['shown']): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (field) => JSON.stringify(before[field] ?? null) !== JSON.stringify(after[field] ?? null),
  );
