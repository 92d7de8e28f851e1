// How a webhook's receiver wants to be convinced that it is us, beyond signatures: which ways are taken, how they are written
// down, and what may be shown of them. Pure; whoever sends obtains and presents what is named here.
import { createPrivateKey, X509Certificate } from 'node:crypto';

/** How the receiver's own certificate is judged. */
interface TrustedReceiver {
  /** In PEM: what it is verified with, in the place of the public authorities. */
  readonly ca?: string;
}

/** User and password with every request (RFC 7617). */
interface BasicAuthentication extends TrustedReceiver {
  readonly type: 'basic';
  readonly username: string;
  readonly password: string;
}

/** A token with every request (RFC 6750). */
interface BearerAuthentication extends TrustedReceiver {
  readonly type: 'bearer';
  readonly token: string;
}

/**
 * A token that is obtained at `tokenUrl` and renewed (RFC 6749, 4.4: client credentials). `ca` is the receiver's: the token URL is
 * judged by the public authorities.
 */
export interface OAuth2Authentication extends TrustedReceiver {
  readonly type: 'oauth2';
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string;
  readonly audience?: string;
  /** Where id and secret stand in the request for a token (RFC 6749, 2.3.1): `header` unless it says `body`. */
  readonly clientAuthentication?: 'header' | 'body';
}

/** A client certificate in the TLS handshake, all in PEM. */
interface MutualTlsAuthentication extends TrustedReceiver {
  readonly type: 'mtls';
  readonly certificate: string;
  readonly privateKey: string;
}

/** Nothing is presented; only, the receiver's certificate is of an authority of its own. */
interface PrivateAuthorityAuthentication extends Required<TrustedReceiver> {
  readonly type: 'tls';
}

export type Authentication =
  | BasicAuthentication
  | BearerAuthentication
  | OAuth2Authentication
  | MutualTlsAuthentication
  | PrivateAuthorityAuthentication;

export const AUTHENTICATION_TYPES = ['basic', 'bearer', 'oauth2', 'mtls', 'tls'] as const;

/** What may be shown: no field from which a request could be made. */
export type AuthenticationFacts = (
  | Omit<BasicAuthentication, 'password' | 'ca'>
  | Omit<BearerAuthentication, 'token' | 'ca'>
  | Omit<OAuth2Authentication, 'clientSecret' | 'ca'>
  | { readonly type: 'mtls'; readonly subject: string; readonly expiresAt: string }
  | { readonly type: 'tls' }
) & {
  /** Whom the authority's certificate names, where there is one in the place of the public ones. */
  readonly authority?: string;
};

/** What is wrong with the value of a field, as it follows the field's name; `undefined` where nothing is. */
type Rule = (value: string) => string | undefined;

const pattern =
  (expression: RegExp, problem: string): Rule =>
  (value) =>
    expression.test(value) ? undefined : problem;

const MAX_LENGTH = 4_096;
const MAX_PEM_LENGTH = 32_768;

const printable = pattern(/^\P{Cc}+$/u, 'must be text without control characters.');

const certificates: Rule = (value) => {
  const blocks = value.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const block of blocks) new X509Certificate(block);
    return blocks.length > 0 ? undefined : 'must be certificates in PEM.';
  } catch {
    return 'must be certificates in PEM.';
  }
};

const privateKey: Rule = (value) => {
  try {
    createPrivateKey(value);
    return undefined;
  } catch {
    return 'must be a private key in PEM, without a passphrase.';
  }
};

interface Field {
  readonly rule: Rule;
  readonly optional?: boolean;
  readonly maxLength?: number;
}

const CA: Field = { rule: certificates, optional: true, maxLength: MAX_PEM_LENGTH };

const FIELDS: Readonly<Record<Authentication['type'], Readonly<Record<string, Field>>>> = {
  basic: {
    username: { rule: pattern(/^[^:\p{Cc}]*$/u, 'must be text without a colon or control characters.') },
    password: { rule: printable },
    ca: CA,
  },
  bearer: {
    token: { rule: pattern(/^[\w\-.~+/]+=*$/, 'must be letters, digits and -._~+/, with = at the end only.') },
    ca: CA,
  },
  oauth2: {
    tokenUrl: { rule: printable },
    clientId: { rule: printable },
    clientSecret: { rule: printable },
    scope: {
      rule: pattern(/^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/, 'must be words separated by spaces.'),
      optional: true,
    },
    audience: { rule: printable, optional: true },
    clientAuthentication: { rule: pattern(/^(?:header|body)$/, 'must be header or body.'), optional: true },
    ca: CA,
  },
  mtls: {
    certificate: { rule: certificates, maxLength: MAX_PEM_LENGTH },
    privateKey: { rule: privateKey, maxLength: MAX_PEM_LENGTH },
    ca: CA,
  },
  tls: { ca: { ...CA, optional: false } },
};

/** What a client gave: the authentication, or a sentence that names what is wrong with it and shows no secret. */
export function readAuthentication(input: unknown): Authentication | string {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return 'authentication must be an object.';
  const { type, ...given } = input as Readonly<Record<string, unknown>>;
  const known = AUTHENTICATION_TYPES.find((each) => each === type);
  if (!known) return `authentication.type must be one of ${AUTHENTICATION_TYPES.join(', ')}.`;
  const fields = FIELDS[known];
  const stray = Object.keys(given).find((name) => !Object.hasOwn(fields, name));
  if (stray !== undefined)
    return `authentication.${stray.slice(0, 64)} is no field of type ${known}: it has ${Object.keys(fields).join(', ')}.`;
  for (const [name, { rule, optional = false, maxLength = MAX_LENGTH }] of Object.entries(fields)) {
    const value = given[name];
    if (value === undefined && optional) continue;
    const problem =
      typeof value !== 'string'
        ? 'must be text.'
        : value.length > maxLength
          ? `must have at most ${maxLength} characters.`
          : rule(value);
    if (problem !== undefined) return `authentication.${name} ${problem}`;
  }
  const read = { type: known, ...given } as Authentication;
  if (read.type === 'mtls' && !belongTogether(read))
    return 'authentication.privateKey is not the key of authentication.certificate.';
  return read;
}

/** As stored, before it is encrypted. */
export const writeAuthentication = (authentication: Authentication): string => JSON.stringify(authentication);

/** The inverse of {@link writeAuthentication}. */
export const parseAuthentication = (text: string): Authentication => JSON.parse(text) as Authentication;

/** What answers, lists and the audit log show. */
export function factsOfAuthentication(authentication: Authentication): AuthenticationFacts {
  const { ca } = authentication;
  const facts = ownFactsOf(authentication);
  return ca === undefined ? facts : { ...facts, authority: new X509Certificate(ca).subject ?? '' };
}

function ownFactsOf(authentication: Authentication): AuthenticationFacts {
  switch (authentication.type) {
    case 'basic':
      return { type: 'basic', username: authentication.username };
    case 'bearer':
      return { type: 'bearer' };
    case 'oauth2': {
      // Field by field: what is added to it one day is not shown unless it is said here.
      const { type, tokenUrl, clientId, scope, audience, clientAuthentication } = authentication;
      return { type, tokenUrl, clientId, scope, audience, clientAuthentication };
    }
    case 'mtls': {
      const { subject, validTo } = new X509Certificate(authentication.certificate);
      return { type: 'mtls', subject: subject ?? '', expiresAt: new Date(validTo).toISOString() };
    }
    case 'tls':
      return { type: 'tls' };
  }
}

/** Whether it is an `Authorization` header that is sent. */
export const usesAuthorization = (type: Authentication['type']): boolean => type !== 'mtls' && type !== 'tls';

/** Whether something of it is for the TLS handshake, so that it needs one, and connections of its own. */
export const concernsTls = ({ type, ca }: Authentication): boolean => type === 'mtls' || ca !== undefined;

/** The value of the header (RFC 7617, 2: in UTF-8). */
export const basicAuthorization = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

const belongTogether = ({ certificate, privateKey: key }: MutualTlsAuthentication): boolean =>
  new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
