// How a webhook's receiver wants to be convinced that it is us, beyond signatures: which ways are taken, how they are written
// down, and what may be shown of them. Pure; whoever sends obtains and presents what is named here.
import { createPrivateKey, X509Certificate } from 'node:crypto';

/** User and password with every request (RFC 7617). */
export interface BasicAuthentication {
  readonly type: 'basic';
  readonly username: string;
  readonly password: string;
}

/** A token with every request (RFC 6750). */
export interface BearerAuthentication {
  readonly type: 'bearer';
  readonly token: string;
}

/** A token that is obtained at `tokenUrl` and renewed (RFC 6749, 4.4: client credentials). */
export interface OAuth2Authentication {
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
export interface MutualTlsAuthentication {
  readonly type: 'mtls';
  readonly certificate: string;
  readonly privateKey: string;
  /** What the receiver's certificate is verified with, in the place of the public authorities. */
  readonly ca?: string;
}

export type Authentication =
  BasicAuthentication | BearerAuthentication | OAuth2Authentication | MutualTlsAuthentication;

export const AUTHENTICATION_TYPES = ['basic', 'bearer', 'oauth2', 'mtls'] as const;

/** What may be shown: no field from which a request could be made. */
export type AuthenticationFacts =
  | Omit<BasicAuthentication, 'password'>
  | Omit<BearerAuthentication, 'token'>
  | Omit<OAuth2Authentication, 'clientSecret'>
  | { readonly type: 'mtls'; readonly subject: string; readonly expiresAt: string };

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

const FIELDS: Readonly<Record<Authentication['type'], Readonly<Record<string, Field>>>> = {
  basic: {
    username: { rule: pattern(/^[^:\p{Cc}]*$/u, 'must be text without a colon or control characters.') },
    password: { rule: printable },
  },
  bearer: {
    token: { rule: pattern(/^[\w\-.~+/]+=*$/, 'must be letters, digits and -._~+/, with = at the end only.') },
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
  },
  mtls: {
    certificate: { rule: certificates, maxLength: MAX_PEM_LENGTH },
    privateKey: { rule: privateKey, maxLength: MAX_PEM_LENGTH },
    ca: { rule: certificates, optional: true, maxLength: MAX_PEM_LENGTH },
  },
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
  }
}

/** Whether it is an `Authorization` header that is sent. */
export const usesAuthorization = (type: Authentication['type']): boolean => type !== 'mtls';

/** The value of the header (RFC 7617, 2: in UTF-8). */
export const basicAuthorization = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

const belongTogether = ({ certificate, privateKey: key }: MutualTlsAuthentication): boolean =>
  new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
