// What is set, in a few words: of a closed part of the form, and on a webhook's own page.
import type { AuthenticationView } from '../../api/types';
import type { AuthenticationDraft, Draft } from './draft';

export const AUTHENTICATION_NAMES: Readonly<Record<AuthenticationDraft['type'], string>> = {
  keep: 'As it is',
  none: 'By signatures alone',
  basic: 'User and password',
  bearer: 'A token',
  oauth2: 'OAuth 2.0 client credentials',
  mtls: 'A client certificate',
  tls: 'By signatures alone, behind a certificate of its own authority',
};

export const FORMATS = [
  ['native', 'Posthorn’s own'],
  ['cloudevents-structured', 'CloudEvents 1.0, structured'],
  ['cloudevents-binary', 'CloudEvents 1.0, binary'],
] as const;

export function authenticationText({ type, stored }: AuthenticationDraft): string {
  return type === 'keep' && stored ? storedText(stored) : AUTHENTICATION_NAMES[type];
}

function storedText(stored: AuthenticationView): string {
  const own = ownText(stored);
  return stored.type !== 'unreadable' && stored.authority ? `${own}, receiver trusted by ${stored.authority}` : own;
}

function ownText(stored: AuthenticationView): string {
  switch (stored.type) {
    case 'unreadable':
      return 'It cannot be opened: no encryption key of this installation is its own';
    case 'basic':
      return `User and password, as ${stored.username || 'nobody'}`;
    case 'oauth2':
      return `OAuth 2.0, as ${stored.clientId}`;
    case 'mtls':
      return `A client certificate of ${stored.subject}`;
    case 'bearer':
    case 'tls':
      return AUTHENTICATION_NAMES[stored.type];
  }
}

export function headersText({ headers: { keep, lines, stored } }: Draft): string {
  if (keep) return stored === null ? 'They cannot be opened' : stored.join(', ');
  const names = lines
    .split('\n')
    .map((line) => line.split(':', 1)[0]?.trim())
    .filter(Boolean);
  return names.length === 0 ? 'None of its own' : names.join(', ');
}

export function payloadText({ format, transformation, filter }: Draft): string {
  const parts = [
    FORMATS.find(([each]) => each === format)?.[1] ?? format,
    transformation.trim() && 'transformed',
    filter.trim() && 'of some events',
  ];
  return parts.filter(Boolean).join(', ');
}

export function paceText({ maxInFlight, rateMax, ratePerSeconds, ordered }: Draft): string {
  const parts = [
    maxInFlight && `${maxInFlight} at once`,
    rateMax && `${rateMax} in ${ratePerSeconds || '…'} s`,
    ordered && 'in order',
  ];
  return parts.filter(Boolean).join(', ') || 'As fast as the receiver answers';
}

export function retriesText(draft: Draft): string {
  const { retrySchedule, retryWaits, timeout, expiresAfter, guarantee, autoDisable } = draft;
  const parts = [
    retrySchedule === 'own' ? `after ${retryWaits || '…'}` : retrySchedule && `the schedule ${retrySchedule}`,
    timeout && `${timeout} for an answer`,
    expiresAfter && `worth ${expiresAfter}`,
    guarantee === 'at-most-once' && 'at most once',
    autoDisable === 'never' && 'never disabled',
    autoDisable === 'own' && `disabled after ${draft.disableAfter || '…'}`,
  ];
  return parts.filter(Boolean).join(', ') || 'As the installation says';
}

export const signingText = ({ signatureScheme, secret }: Draft): string =>
  `${signatureScheme === 'hmac' ? 'A shared secret' : 'A private key of ours'}${secret && ', as given'}`;
