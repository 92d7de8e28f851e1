// The fields of a webhook: where and what, and the rest in parts that stay closed until somebody wants them.
import type { ComponentChildren } from 'preact';
import type { Problems } from '../../api/problems';
import type { PayloadFormat } from '../../api/types';
import { Checkbox, Select, TextArea, TextField } from '../../components/fields';
import { Section } from '../../components/section';
import { AUTHENTICATION_PROBLEMS, AuthenticationFields } from './authentication-fields';
import { jsonOf } from './draft';
import type { Draft } from './draft';
import { PACE_PROBLEMS, PaceFields, RETRY_PROBLEMS, RetryFields } from './policy-fields';
import { authenticationText, FORMATS, headersText, paceText, payloadText, retriesText, signingText } from './said';

const PAYLOAD_PROBLEMS: readonly string[] = ['format', 'filter', 'transformation'];
const SIGNING_PROBLEMS: readonly string[] = ['secret', 'signatureScheme'];

/** Every field that shows why it was refused. */
export const FIELDS_WITH_PROBLEMS: readonly string[] = [
  'url',
  'events',
  'description',
  'headers',
  ...PAYLOAD_PROBLEMS,
  ...AUTHENTICATION_PROBLEMS,
  ...PACE_PROBLEMS,
  ...RETRY_PROBLEMS,
  ...SIGNING_PROBLEMS,
];

const SCHEMES = [
  ['hmac', 'A secret that the receiver has too (HMAC)'],
  ['ed25519', 'A private key; the receiver has the public one (Ed25519)'],
] as const;

interface Props {
  readonly draft: Draft;
  readonly onDraft: (draft: Draft) => void;
  readonly problems: Problems;
  /** Event types that are known, offered while one types. */
  readonly types: readonly string[];
  /** A webhook that is not there yet: it can say how it signs, and nothing can be tried on it. */
  readonly isNew: boolean;
}

export function WebhookFields({ draft, onDraft, problems, types, isNew }: Props) {
  const set = (change: Partial<Draft>): void => onDraft({ ...draft, ...change });
  const policy = { draft, set, problems };
  const isWrong = (names: readonly string[]): boolean => names.some((name) => problems[name] !== undefined);
  return (
    <>
      <TextField
        label="URL"
        type="url"
        value={draft.url}
        onValue={(url) => set({ url })}
        placeholder="https://example.com/hooks"
        hint="Where events are sent by POST."
        error={problems.url}
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
        error={problems.events}
      />
      <TextField
        label="Description"
        value={draft.description}
        onValue={(description) => set({ description })}
        error={problems.description}
      />
      <Section title="What is sent" summary={payloadText(draft)} wrong={isWrong(PAYLOAD_PROBLEMS)}>
        <PayloadFields {...policy} hint={isNew && ' Once the webhook is there, you can try it while you edit it.'} />
      </Section>
      <Section
        title="Authentication"
        summary={authenticationText(draft.authentication)}
        wrong={isWrong(AUTHENTICATION_PROBLEMS)}
      >
        <AuthenticationFields
          draft={draft.authentication}
          onDraft={(authentication) => set({ authentication })}
          problems={problems}
        />
      </Section>
      <Section title="Headers" summary={headersText(draft)} wrong={isWrong(['headers'])}>
        <HeaderFields {...policy} />
      </Section>
      <Section title="Pace" summary={paceText(draft)} wrong={isWrong(PACE_PROBLEMS)}>
        <PaceFields {...policy} />
      </Section>
      <Section title="Retries" summary={retriesText(draft)} wrong={isWrong(RETRY_PROBLEMS)}>
        <RetryFields {...policy} />
      </Section>
      {isNew && (
        <Section title="Signature" summary={signingText(draft)} wrong={isWrong(SIGNING_PROBLEMS)}>
          <Select
            label="Signed with"
            value={draft.signatureScheme}
            onValue={(scheme) => set({ signatureScheme: scheme as Draft['signatureScheme'] })}
            options={SCHEMES}
            error={problems.signatureScheme}
          />
          <TextField
            label="Secret of yours"
            type="password"
            value={draft.secret}
            onValue={(secret) => set({ secret })}
            hint="One that the receiver has already. Empty: a new one is made."
            error={problems.secret}
          />
        </Section>
      )}
    </>
  );
}

interface PartProps {
  readonly draft: Draft;
  readonly set: (change: Partial<Draft>) => void;
  readonly problems: Problems;
}

const PayloadFields = ({ draft, set, problems, hint }: PartProps & { readonly hint: ComponentChildren }) => (
  <>
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
      error={jsonOf(draft.filter) === undefined ? 'This is not JSON yet.' : problems.filter}
      placeholder='{ "data": { "total": { "$gte": 100 } } }'
      hint={<>Of the events of its types, only those that meet this. Empty: all of them.{hint}</>}
    />
    <TextArea
      label="Transformation"
      mono
      rows={5}
      value={draft.transformation}
      onValue={(transformation) => set({ transformation })}
      error={problems.transformation}
      placeholder='{ "text": "Order " & data.orderId & " is complete" }'
      hint={<>JSONata that makes what is sent in the place of an event. Empty: the event itself.{hint}</>}
    />
  </>
);

const HeaderFields = ({ draft: { headers }, set, problems }: PartProps) => {
  const hasStored = headers.stored === null || headers.stored.length > 0;
  return (
    <>
      {hasStored && (
        <>
          <p class="muted">
            {headers.stored === null
              ? 'There are some, and no encryption key of this installation opens them.'
              : `Stored: ${headers.stored.join(', ')}. Their values are never shown.`}
          </p>
          <Checkbox
            label="Keep them as they are"
            checked={headers.keep}
            onChecked={(keep) => set({ headers: { ...headers, keep } })}
          />
        </>
      )}
      {!headers.keep && (
        <TextArea
          label="Headers of every request"
          mono
          rows={3}
          value={headers.lines}
          onValue={(lines) => set({ headers: { ...headers, lines } })}
          placeholder="X-Api-Key: k-1234"
          hint={`One a line.${hasStored ? ' They take the place of all that is stored. Empty: none is left.' : ''}`}
          error={problems.headers}
        />
      )}
    </>
  );
};
