// How requests are authenticated. What is stored is never shown: it is kept, or replaced as a whole.
import type { Problems } from '../../api/problems';
import { Select, TextArea, TextField } from '../../components/fields';
import { Notice } from '../../components/notice';
import type { AuthenticationDraft } from './draft';
import { AUTHENTICATION_NAMES, authenticationText } from './said';

type Type = AuthenticationDraft['type'];

interface FieldOf {
  readonly name: string;
  readonly label: string;
  readonly kind?: 'secret' | 'pem';
  readonly hint?: string;
}

const CA: FieldOf = {
  name: 'ca',
  label: 'Authority of the receiver',
  kind: 'pem',
  hint: 'PEM: what its certificate is verified with, in the place of the public authorities. Empty: those.',
};

const FIELDS: Readonly<Record<Type, readonly FieldOf[]>> = {
  keep: [],
  none: [],
  basic: [{ name: 'username', label: 'User' }, { name: 'password', label: 'Password', kind: 'secret' }, CA],
  bearer: [{ name: 'token', label: 'Token', kind: 'secret' }, CA],
  oauth2: [
    { name: 'tokenUrl', label: 'Token URL' },
    { name: 'clientId', label: 'Client id' },
    { name: 'clientSecret', label: 'Client secret', kind: 'secret' },
    { name: 'scope', label: 'Scope', hint: 'Words separated by spaces. Empty: none is asked for.' },
    { name: 'audience', label: 'Audience' },
    CA,
  ],
  mtls: [
    { name: 'certificate', label: 'Certificate', kind: 'pem', hint: 'PEM, with those between it and its authority.' },
    { name: 'privateKey', label: 'Private key', kind: 'pem', hint: 'PEM, without a passphrase.' },
    CA,
  ],
  tls: [{ ...CA, hint: 'PEM: what its certificate is verified with, in the place of the public authorities.' }],
};

const CLIENT_AUTHENTICATION = [
  ['', 'in a header'],
  ['body', 'in the body'],
] as const;

export const AUTHENTICATION_PROBLEMS: readonly string[] = [
  'authentication',
  ...[...new Set(Object.values(FIELDS).flatMap((fields) => fields.map(({ name }) => `authentication.${name}`)))],
];

interface Props {
  readonly draft: AuthenticationDraft;
  readonly onDraft: (draft: AuthenticationDraft) => void;
  readonly problems: Problems;
}

export function AuthenticationFields({ draft, onDraft, problems }: Props) {
  const { type, values, stored } = draft;
  const types = (Object.keys(AUTHENTICATION_NAMES) as Type[]).filter((each) => each !== 'keep' || stored !== null);
  const set = (name: string, value: string): void => onDraft({ ...draft, values: { ...values, [name]: value } });
  return (
    <>
      <Select
        label="Authenticated by"
        value={type}
        onValue={(next) => onDraft({ ...draft, type: next as Type, values: {} })}
        options={types.map((each) => [each, AUTHENTICATION_NAMES[each]] as const)}
        hint="Beside the signature, which every request has."
        error={problems.authentication}
      />
      {type === 'keep' && <p class="muted">{authenticationText(draft)}. What is secret of it is never shown.</p>}
      {type !== 'keep' && stored !== null && (
        <Notice tone="warn">Once it is saved, this replaces what is stored, all of it.</Notice>
      )}
      {FIELDS[type].map(({ name, label, kind, hint }) => {
        const shared = {
          label,
          hint,
          value: values[name] ?? '',
          onValue: (value: string) => set(name, value),
          error: problems[`authentication.${name}`],
        };
        return kind === 'pem' ? (
          <TextArea key={name} mono rows={4} {...shared} />
        ) : (
          <TextField key={name} type={kind === 'secret' ? 'password' : 'text'} {...shared} />
        );
      })}
      {type === 'oauth2' && (
        <Select
          label="Id and secret are sent"
          value={values.clientAuthentication ?? ''}
          onValue={(value) => set('clientAuthentication', value)}
          options={CLIENT_AUTHENTICATION}
        />
      )}
    </>
  );
}
