// Settings as they are given and as code reads them: validated against the table, defaults filled in, every refusal at once.
import type { DurationKind } from './kinds.js';
import { SETTINGS } from './settings-table.js';
import type { Setting } from './settings-table.js';

type Table = typeof SETTINGS;
type Key = keyof Table;
type InputOf<K extends Key> = Parameters<Table[K]['kind']['read']>[0];
type ValueOf<K extends Key> = ReturnType<Table[K]['kind']['read']>;
type NameOf<K extends Key> = Table[K]['kind'] extends DurationKind ? `${K}Ms` : K;
type OrAbsent<K extends Key> = Table[K] extends { default: string } ? never : undefined;

/** Settings as code gives them: natural values, or the text the environment would hold. Durations are text: `'10s'`. */
export type SettingsInput = { [K in Key]?: InputOf<K> };

/** Settings as code reads them: validated, defaults filled in, durations in milliseconds under a name that ends in `Ms`. */
export type Settings = { readonly [K in Key as NameOf<K>]: ValueOf<K> | OrAbsent<K> };

/** A setting was refused; the text names it and says what it must be. Values are not repeated: they may be secrets. */
export class SettingsError extends Error {
  /** To decide by; the message is for people. */
  readonly code = 'settings_invalid';
}

/**
 * Validates settings and fills in the defaults.
 *
 * @param nameOf - How a refusal names a setting: its option name by default, its variable for the environment.
 * @throws SettingsError naming every setting that is wrong, not only the first.
 */
export function readSettings(input: SettingsInput, nameOf: (key: Key) => string = (key) => key): Settings {
  const wrong: string[] = [];
  const values: Record<string, unknown> = {};
  for (const key of Object.keys(SETTINGS) as Key[]) {
    const setting: Setting<unknown, unknown> = SETTINGS[key];
    const given: unknown = input[key] === '' ? undefined : (input[key] ?? undefined);
    const raw = given ?? setting.default;
    const name = 'isDuration' in setting.kind ? `${key}Ms` : key;
    try {
      values[name] = raw === undefined ? undefined : setting.kind.read(raw);
    } catch {
      wrong.push(`${nameOf(key)} must be ${setting.kind.expects}.`);
    }
  }
  const settings = values as Settings;
  if (wrong.length === 0) wrong.push(...contradictions(settings, nameOf));
  if (wrong.length > 0) throw new SettingsError(wrong.join(' '));
  return settings;
}

/** What an environment says, under our option names. */
export const environmentInput = (env: Record<string, string | undefined>): SettingsInput =>
  Object.fromEntries(Object.entries(SETTINGS).map(([key, setting]) => [key, env[setting.env]]));

/** The settings that an environment holds; an empty string is absent, and refusals name variables. */
export const readEnvironment = (env: Record<string, string | undefined>): Settings =>
  readSettings(environmentInput(env), (key) => SETTINGS[key].env);

function contradictions(settings: Settings, nameOf: (key: Key) => string): string[] {
  const wrong: string[] = [];
  if (settings.role !== 'all' && !settings.databaseUrl)
    wrong.push(`${nameOf('role')} other than all needs ${nameOf('databaseUrl')}.`);
  if (settings.databaseUrl && !settings.encryptionKey) {
    wrong.push(
      `${nameOf('encryptionKey')} is required with ${nameOf('databaseUrl')}: every replica must hold the same keys.`,
    );
  }
  const longest = settings.retrySchedule.reduce((sum, wait) => sum + wait, 0);
  if (settings.retentionMs <= longest)
    wrong.push(`${nameOf('retention')} must exceed the whole of ${nameOf('retrySchedule')}.`);
  if (!/^[a-z_][a-z0-9_]{0,47}$/.test(settings.databaseSchema))
    wrong.push(`${nameOf('databaseSchema')} must be a lower-case SQL name.`);
  return wrong;
}
