// A request as it was sent, from what the log keeps: enough to send it again by hand.
import type { Attempt, DeliveryDetail, EventView, Headers } from '../../api/types';

/** What a client sets itself. */
const OF_THE_CONNECTION = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'accept-encoding']);

/**
 * The body of a delivery; `undefined` where the log does not hold all of it: the payload was erased, or it is a structured
 * CloudEvent, which names the installation.
 */
export function bodyOf({ transformed, attempts }: DeliveryDetail, event: EventView): string | undefined {
  if (transformed !== null) return transformed;
  if (event.data === null) return undefined;
  const names = lowerCased(attempts.at(-1)?.request.headers ?? {});
  if (names.get('content-type')?.startsWith('application/cloudevents+json')) return undefined;
  if (names.has('ce-id')) return JSON.stringify(event.data);
  const { id, event: type, timestamp, data } = event;
  return JSON.stringify({ id, event: type, timestamp, data });
}

/** A command for a shell. Signatures are masked in the log, and so in it. */
export function curlOf({ request }: Attempt, body: string | undefined): string | undefined {
  if (request.url === null) return undefined;
  const headers = headerLines(request.headers)
    .filter(([name]) => !OF_THE_CONNECTION.has(name.toLowerCase()))
    .map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  return [
    `curl -X POST ${quoted(request.url)}`,
    ...headers,
    ...(body === undefined ? [] : [`--data-raw ${quoted(body)}`]),
  ].join(' \\\n  ');
}

/** Every header with each of its values. */
export const headerLines = (headers: Headers): (readonly [string, string])[] =>
  Object.entries(headers).flatMap(([name, value]) => [value].flat().map((each) => [name, each] as const));

const lowerCased = (headers: Headers): ReadonlyMap<string, string> =>
  new Map(headerLines(headers).map(([name, value]) => [name.toLowerCase(), value]));

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
