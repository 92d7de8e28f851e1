// The fields of a webhook, as text until they are sent.
import type { PayloadFormat, Webhook } from '../../api/types';
import { Select, TextArea, TextField } from '../../components/fields';

export interface Draft {
  readonly url: string;
  readonly events: string;
  readonly description: string;
  readonly format: PayloadFormat;
  /** JSON, or empty. */
  readonly filter: string;
}

export const NEW: Draft = { url: '', events: '', description: '', format: 'native', filter: '' };

export const draftOf = ({ url, events, description, format, filter }: Webhook): Draft => ({
  url,
  events: events.join(', '),
  description: description ?? '',
  format,
  filter: filter === null ? '' : JSON.stringify(filter, null, 2),
});

/** What the API takes; `undefined` where the filter is no JSON. */
export function fieldsOf({ url, events, description, format, filter }: Draft): object | undefined {
  const parsed = jsonOf(filter);
  if (parsed === undefined) return undefined;
  return {
    url: url.trim(),
    events: events.split(/[\s,]+/).filter(Boolean),
    description: description.trim() || null,
    format,
    filter: parsed,
  };
}

/** JSON as a value, null of nothing; `undefined` where it is none. */
export function jsonOf(text: string): unknown {
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const FORMATS = [
  ['native', 'Posthorn’s own'],
  ['cloudevents-structured', 'CloudEvents 1.0, structured'],
  ['cloudevents-binary', 'CloudEvents 1.0, binary'],
] as const;

interface Props {
  readonly draft: Draft;
  readonly onDraft: (draft: Draft) => void;
  /** Event types that are known, offered while one types. */
  readonly types: readonly string[];
}

export function WebhookFields({ draft, onDraft, types }: Props) {
  const set = (change: Partial<Draft>): void => onDraft({ ...draft, ...change });
  return (
    <>
      <TextField
        label="URL"
        type="url"
        value={draft.url}
        onValue={(url) => set({ url })}
        placeholder="https://example.com/hooks"
        hint="Where events are sent by POST."
      />
      <TextField
        label="Events"
        value={draft.events}
        onValue={(events) => set({ events })}
        placeholder="order.completed, invoice.*"
        choices={types}
        hint={
          <>
            Types, separated by commas; <code>order.*</code> takes every one that begins so, <code>*</code> takes all.
          </>
        }
      />
      <TextField label="Description" value={draft.description} onValue={(description) => set({ description })} />
      <Select
        label="Format"
        value={draft.format}
        onValue={(format) => set({ format: format as PayloadFormat })}
        options={FORMATS}
      />
      <TextArea
        label="Filter"
        mono
        rows={5}
        value={draft.filter}
        onValue={(filter) => set({ filter })}
        error={jsonOf(draft.filter) === undefined ? 'This is not JSON yet.' : undefined}
        placeholder='{ "data": { "total": { "$gte": 100 } } }'
        hint="Of the events of its types, only those that meet this. Empty: all of them."
      />
    </>
  );
}
