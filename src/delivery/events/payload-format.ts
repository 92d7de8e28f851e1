// How an event is written for a webhook: body and headers of each format. Pure. Signatures are made over what bodyOf gives,
// so a format changes the bytes that are signed and never how they are signed.
import type { CustomHeader } from '../../kernel/custom-headers.js';
import type { Settings } from '../../platform/config/index.js';
import type { PayloadFormat } from '../../registry/index.js';
import type { ClaimedDelivery } from '../claim/claimed-delivery.js';

/** What of an event is written. `data` is JSON text, and goes into every format as it is. */
export type WrittenEvent = Pick<ClaimedDelivery, 'eventId' | 'eventType' | 'occurredAt'>;

const JSON_TYPE = 'application/json';

/** The headers of the format `native`: they tell nothing of the event. */
export const NATIVE_HEADERS: readonly CustomHeader[] = [['Content-Type', JSON_TYPE]];

/** Who we are in CloudEvents. */
export const sourceOf = ({ publicUrl }: Pick<Settings, 'publicUrl'>): string => publicUrl ?? 'posthorn';

/**
 * The body of an event: the same bytes for every webhook of one format and every attempt.
 *
 * @param source - Who speaks, as CloudEvents have it: a URI reference. `native` does not name it.
 */
export function bodyOf(
  { eventId, eventType, occurredAt }: WrittenEvent,
  data: string,
  format: PayloadFormat,
  source: string,
): Buffer {
  const time = occurredAt.toISOString();
  switch (format) {
    case 'native':
      return Buffer.from(`{"id":"${eventId}","event":"${eventType}","timestamp":"${time}","data":${data}}`);
    case 'cloudevents-structured':
      // https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
      return Buffer.from(
        `{"specversion":"1.0","id":"${eventId}","source":${JSON.stringify(source)},"type":"${eventType}",` +
          `"time":"${time}","datacontenttype":"${JSON_TYPE}","data":${data}}`,
      );
    case 'cloudevents-binary':
      return Buffer.from(data);
  }
}

/**
 * The headers that say what the body is, `Content-Type` first.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
 */
export function headersOf(
  { eventId, eventType, occurredAt }: WrittenEvent,
  format: PayloadFormat,
  source: string,
): readonly CustomHeader[] {
  switch (format) {
    case 'native':
      return NATIVE_HEADERS;
    case 'cloudevents-structured':
      return [['Content-Type', 'application/cloudevents+json; charset=utf-8']];
    case 'cloudevents-binary':
      // Content-Type is datacontenttype; a ce- header for it is forbidden.
      return [
        ['Content-Type', JSON_TYPE],
        ['ce-specversion', '1.0'],
        ['ce-id', eventId],
        ['ce-source', percentEncoded(source)],
        ['ce-type', eventType],
        ['ce-time', occurredAt.toISOString()],
      ];
  }
}

/** As section 3.1.3.2 of the HTTP binding wants attribute values: space, `"`, `%` and all beyond printable ASCII. */
export const percentEncoded = (text: string): string =>
  text.replace(/[^\x21\x23\x24\x26-\x7e]+/g, (run) =>
    [...Buffer.from(run)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
