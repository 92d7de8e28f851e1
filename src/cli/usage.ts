// Reads the arguments of a command, and says what is wrong with them.
import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';
import { SIGNED_PROVIDERS } from '../testing/signers.js';

/** The command was called wrongly: one sentence for whoever called it, and exit code 2. */
export class UsageError extends Error {}

/** The command was called well, and what it is about does not do its part: one sentence, and exit code 1. */
export class FailureError extends Error {}

/** The providers whose webhooks can be sent, and signed again. */
export const PROVIDERS = [...SIGNED_PROVIDERS, 'hmac'].sort() as readonly Provider[];
export type Provider = (typeof SIGNED_PROVIDERS)[number] | 'hmac';

/** @throws UsageError naming those that there are. */
export function providerNamed(name: string): Provider {
  const provider = PROVIDERS.find((each) => each === name);
  if (provider) return provider;
  throw new UsageError(
    `There is no provider "${name}" whose webhooks can be signed; there are ${PROVIDERS.join(', ')}.`,
  );
}

type Option = NonNullable<ParseArgsConfig['options']>[string];

/** Which arguments a command takes. */
interface Accepted<One extends string, Many extends string, Flag extends string> {
  /** With a value, once. */
  readonly one?: readonly One[];
  /** With a value, any number of times. */
  readonly many?: readonly Many[];
  /** Without a value. */
  readonly flags?: readonly Flag[];
  readonly positionals?: number;
}

/** Reads the arguments of a command. @throws UsageError */
export function argumentsOf<One extends string, Many extends string = never, Flag extends string = never>(
  args: readonly string[],
  { one = [], many = [], flags = [], positionals = 0 }: Accepted<One, Many, Flag>,
): {
  values: Partial<Record<One, string> & Record<Many, string[]> & Record<Flag, boolean>>;
  positionals: readonly string[];
} {
  const options = Object.fromEntries<Option>([
    ...one.map((name) => [name, { type: 'string' }] as const),
    ...many.map((name) => [name, { type: 'string', multiple: true }] as const),
    ...flags.map((name) => [name, { type: 'boolean' }] as const),
  ]);
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: withValues(args, options), options, allowPositionals: true });
  } catch (error) {
    // Node adds to some of its sentences how a file with such a name would be given.
    throw new UsageError(`${(error as Error).message.split(/\. |\.?\n|\.$/, 1)[0]}.`);
  }
  const surplus = parsed.positionals[positionals];
  if (surplus !== undefined) throw new UsageError(`There is one argument too many: "${surplus}".`);
  return {
    values: parsed.values as Partial<Record<One, string> & Record<Many, string[]> & Record<Flag, boolean>>,
    positionals: parsed.positionals,
  };
}

/** What follows an option is its value, also where it begins with a dash: secrets may. */
function withValues(args: readonly string[], options: Readonly<Record<string, Option>>): string[] {
  const joined: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const [name = '', value] = [args[at], args[at + 1]];
    const takes = name.startsWith('--') && options[name.slice(2)]?.type === 'string' && value !== undefined;
    joined.push(takes ? `${name}=${value}` : name);
    if (takes) at += 1;
  }
  return joined;
}

/** An absolute http or https URL, as it is requested: without a fragment. */
export function httpUrl(option: string, text: string | undefined): string {
  if (text === undefined) throw new UsageError(`${option} URL is missing.`);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new UsageError(`${option} must be an absolute http or https URL, not "${text}".`);
  url.hash = '';
  return url.href;
}

/** A JSON object. */
export function jsonObject(option: string, text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below, with everything else that is no object.
  }
  throw new UsageError(`${option} must be a JSON object.`);
}
