// Signs as the `config` of a source of provider `hmac` describes; apart from the code that verifies by it.
import { createHmac } from 'node:crypto';
import type { Signer } from './signer.js';

type Config = Readonly<Record<string, unknown>>;

/**
 * The signer of a config.
 *
 * @throws Error where the config names no header for the signature.
 */
export const hmacSigner =
  (config: Config): Signer =>
  (message) => {
    const text = (name: string, otherwise = ''): string => {
      const value = config[name];
      return typeof value === 'string' ? value : otherwise;
    };
    const { body, headers, method, nowMs, signWith, url } = message;
    const header = text('header').toLowerCase();
    if (header === '') throw new Error('The config must name the header of the signature.');
    const timeHeader = text('timestampHeader').toLowerCase();
    const time = { s: String(Math.floor(nowMs / 1_000)), ms: String(nowMs), iso: new Date(nowMs).toISOString() }[
      text('timestampUnit', 's')
    ];
    const known: Readonly<Record<string, string | undefined>> = { timestamp: time, method, url: text('url', url) };
    const parts = text('template', timeHeader === '' ? '{body}' : '{timestamp}.{body}').split(/\{([^}]*)\}/);
    const signed = parts.map((part, at) => {
      if (at % 2 === 0) return Buffer.from(part);
      if (part === 'body') return body;
      return Buffer.from(known[part] ?? headers[part.replace('header:', '').toLowerCase()] ?? '');
    });
    const encoding = text('secretEncoding', 'text') as 'text' | 'hex' | 'base64';
    const key = encoding === 'text' ? signWith : Buffer.from(signWith, encoding);
    const mac = createHmac(text('algorithm', 'sha256'), key).update(Buffer.concat(signed));
    return {
      headers: {
        [header]: text('prefix') + mac.digest(text('encoding', 'hex') as 'hex' | 'base64'),
        ...(timeHeader !== '' && time !== undefined && { [timeHeader]: time }),
      },
    };
  };
