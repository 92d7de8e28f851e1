// Where id and type stand, for providers that do not know it themselves: the source's config says `header:X-Event-Id` or
// `body:data.id`.
import type { Declaration } from './built-in.js';
import { field, firstOf, header } from './naming.js';
import type { Place } from './naming.js';

const PLACE = /^(header:[A-Za-z0-9-]{1,100}|body:[^.]+(?:\.[^.]+)*)$/;

/** The place that a setting names. */
function placeOf(setting: unknown): Place | undefined {
  if (typeof setting !== 'string' || !PLACE.test(setting)) return undefined;
  const at = setting.indexOf(':');
  const rest = setting.slice(at + 1);
  return setting.startsWith('header:') ? header(rest) : field(...rest.split('.'));
}

const named = (name: 'id' | 'type'): Place => ({
  says: `\`config.${name}\``,
  of: (request, data, source) => placeOf(source.config?.[name])?.of(request, data, source),
});

/** Id and type as the config says; without it, the members that most senders have. */
export const configured: Pick<Declaration, 'id' | 'type'> = {
  id: firstOf(named('id'), field('id')),
  type: firstOf(named('type'), field('type')),
};

/** What is wrong with these settings. */
export const configuredProblem = (config: Readonly<Record<string, unknown>>): string | undefined => {
  const wrong = ['id', 'type'].find((name) => config[name] !== undefined && !placeOf(config[name]));
  return wrong && `config.${wrong} must be header:<name> or body:<path>.`;
};
