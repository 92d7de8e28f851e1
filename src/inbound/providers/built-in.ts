// A built-in provider is a declaration: how it signs, where it puts id, type and time. From the same declaration comes the
// table in docs/receiving.md.
import { bodyId, UNKNOWN_TYPE } from './provider.js';
import type { Provider } from './provider.js';
import type { Moment, Place } from './naming.js';
import { verifying } from './scheme.js';
import type { Scheme } from './scheme.js';

/** What people must know to use a provider. */
interface ProviderGuide {
  readonly title: string;
  /** The vendor's own page about its signature. */
  readonly page: string;
  /** What to give the source as its secret, and where it is found. */
  readonly secret: string;
  /** What the source's `config` must or may hold, where it holds anything. */
  readonly config?: string;
  /** The headers that a request must have. */
  readonly headers: readonly string[];
  /** How old or early a signed time may be; none where no time is signed. */
  readonly toleranceSeconds?: number;
  readonly id: string;
  readonly type: string;
  /** What else must be known. */
  readonly note?: string;
  /** The handshake that is answered, where there is one. */
  readonly handshake?: string;
  /** What the signature covers. Where it is not the body, whoever sees one request can make others. */
  readonly covers: 'body' | 'URL and body' | 'nothing';
}

export interface BuiltInProvider extends Provider {
  readonly guide: ProviderGuide;
}

/** What is particular about one kind of sender. */
export interface Declaration
  extends
    Pick<ProviderGuide, 'title' | 'page' | 'secret' | 'config' | 'note'>,
    Pick<Provider, 'name' | 'defaultMaxBodyBytes' | 'parse' | 'challenge' | 'problemOf'> {
  readonly scheme: Scheme;
  /** @defaultValue `body` */
  readonly covers?: ProviderGuide['covers'];
  /** @defaultValue a digest of the body */
  readonly id?: Place;
  /** @defaultValue `unknown` */
  readonly type?: Place;
  readonly occurredAt?: Moment;
  /** Said in the documentation beside the answer to it. */
  readonly handshake?: { readonly says: string; readonly answer?: Provider['handshake'] };
  /** @defaultValue true */
  readonly sendsJson?: boolean;
}

/** The provider of a declaration. */
export function builtIn(declaration: Declaration): BuiltInProvider {
  const { name, title, page, secret, config, scheme, covers = 'body', id, type, occurredAt, handshake } = declaration;
  const { note, sendsJson = true, defaultMaxBodyBytes, parse, challenge, problemOf } = declaration;
  return {
    name,
    sendsJson,
    ...(defaultMaxBodyBytes !== undefined && { defaultMaxBodyBytes }),
    verify: verifying(scheme),
    describe: (request, data, source = {}) => ({
      externalId: id?.of(request, data, source) ?? bodyId(request.body),
      type: type?.of(request, data, source) ?? UNKNOWN_TYPE,
      occurredAt: occurredAt?.of(request, data),
    }),
    ...(parse && { parse }),
    ...(handshake?.answer && { handshake: handshake.answer }),
    ...(challenge && { challenge }),
    ...(problemOf && { problemOf }),
    guide: {
      title,
      page,
      secret,
      config,
      note,
      headers: scheme.read.headers ?? [],
      toleranceSeconds: scheme.time?.toleranceSeconds,
      id: id?.says ?? 'a digest of the body',
      type: type?.says ?? `“${UNKNOWN_TYPE}”`,
      handshake: handshake?.says,
      covers,
    },
  };
}
