// Which field a refusal is about, so that it is said there.
import { ApiError } from './client';

/** Sentences by the name of their field, such as `url` or `authentication.token`. */
export type Problems = Readonly<Record<string, string>>;

const OF_CODE: Readonly<Record<string, string>> = {
  invalid_url: 'url',
  https_required: 'url',
  url_not_allowed: 'url',
  ownership_unproven: 'url',
  invalid_headers: 'headers',
  invalid_authentication: 'authentication',
  invalid_filter: 'filter',
  invalid_transformation: 'transformation',
  retry_schedule_too_long: 'retrySchedule',
  signature_scheme_mismatch: 'secret',
};

/** None where a refusal is about no field of `fields`: it is then shown as a whole. */
export function problemsOf(error: unknown, fields: readonly string[]): Problems {
  if (!(error instanceof ApiError)) return {};
  const { code, message, details } = error;
  const field = OF_CODE[code];
  if (field !== undefined) {
    const whole = [message, ...details.map(sentence)].join(' ');
    // `authentication.token must be …` names a field within it.
    const [, within, problem] = /^(\w+\.\w+) (.+)$/.exec(whole) ?? [];
    return within !== undefined && problem !== undefined && fields.includes(within)
      ? { [within]: itself(problem) }
      : { [field]: sentence(whole) };
  }
  const problems: Record<string, string> = {};
  for (const detail of details) {
    const [, name, problem] = /^(\w+)(?:\.\w+)* (.+)$/.exec(detail) ?? [];
    if (name === undefined || problem === undefined || !fields.includes(name)) return {};
    problems[name] ??= itself(problem);
  }
  return problems;
}

const itself = (problem: string): string => sentence(`It ${problem}`);

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
