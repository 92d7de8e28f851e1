// What every provider must do, ours or a team's own. The cases assert by themselves, so that any test runner will do.
import assert from 'node:assert/strict';
import { Secret } from '../kernel/secret.js';
import type { Provider, SourceOptions, Verdict, WebhookRequest } from '../inbound/index.js';
import type { SecretPair } from './signers.js';

/** A request that is to be signed by the contract's signer. */
export interface ContractMessage {
  readonly body: Buffer;
  readonly signWith: string;
  readonly nowMs: number;
  readonly url: string;
}

/** A provider, and how its sender behaves. */
export interface ContractSubject {
  readonly provider: Provider;
  /** Signs as the sender does, best with the sender's own library. */
  sign(message: ContractMessage): WebhookRequest | Promise<WebhookRequest>;
  /** Makes a secret that no other call made. */
  newSecret(): SecretPair;
  /** The headers, in lower case, without which there is no signature. */
  readonly headers: readonly string[];
  /** What the signature covers. @defaultValue `body` */
  readonly covers?: 'body' | 'URL and body' | 'nothing';
  /** How old or early a signed time may be by default, where a time is signed. */
  readonly toleranceSeconds?: number;
  /** A body this sender may send. @defaultValue some JSON */
  readonly body?: Buffer;
  /**
   * What can be signed: any bytes; only JSON, because the time stands in it; or only the fields of a form.
   * @defaultValue `anything`
   */
  readonly signs?: 'anything' | 'json' | 'fields';
  readonly source?: SourceOptions;
  /** One request with the signatures of both, where the sender makes several during a rotation. */
  several?(one: WebhookRequest, other: WebhookRequest): WebhookRequest;
}

/** One thing that must hold. */
export interface ContractCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

const NOW_MS = 1_767_225_600_000;
const CALLED = 'https://shop.example/webhooks/it?x=1';
const JSON_BODY = Buffer.from('{"id":"evt_1","type":"thing.happened","text":"żółw 🐢"}');

/** A version or an algorithm before a signature: `v1=`, `v1,`, `sha256=`. */
const LABEL = /(?<=^|[,; ])(?:[vh]\d+|sha\d+)(?=[=,])/g;

/** Texts that no sender writes into a header. */
const JUNK = [
  '=',
  ',',
  '==,=',
  '\u0000',
  'é'.repeat(64),
  ' '.repeat(100),
  'x'.repeat(20_000),
  '%E0%A4%A',
  '__proto__=1',
];

/**
 * The cases that a provider must pass.
 *
 * @example
 * for (const { name, run } of providerContract({ provider: new Acme(), sign, newSecret, headers: ['x-acme-signature'] }))
 *   it(name, run);
 */
export function providerContract(subject: ContractSubject): ContractCase[] {
  return new Contract(subject).cases();
}

class Contract {
  private readonly body: Buffer;
  private readonly pair: SecretPair;

  constructor(private readonly subject: ContractSubject) {
    this.body = subject.body ?? JSON_BODY;
    this.pair = subject.newSecret();
  }

  cases(): ContractCase[] {
    const { covers = 'body', signs = 'anything', toleranceSeconds, headers } = this.subject;
    return [
      ...this.secrets(),
      ...this.requests(),
      ...headers.flatMap((header) => this.header(header)),
      ...(headers.length === 0 ? [] : this.bare()),
      ...(covers === 'nothing' ? [] : this.bytes()),
      ...(covers === 'nothing' || signs === 'fields' ? [] : this.sameJson()),
      ...(covers === 'nothing' || signs !== 'anything' ? [] : this.anyBytes()),
      ...(covers === 'URL and body' ? this.urls() : []),
      ...(toleranceSeconds === undefined ? [] : this.times(toleranceSeconds)),
    ];
  }

  private secrets(): ContractCase[] {
    const { subject, pair } = this;
    const other = subject.newSecret();
    return [
      {
        name: 'accepts what the sender signed',
        run: async () => this.accepts(this.verify(await this.signed())),
      },
      {
        name: 'accepts any of several live secrets, wherever it stands: the old one in its grace, the new one before it is used',
        run: async () => {
          const request = await this.signed();
          for (const secrets of [
            [pair.secret, other.secret],
            [other.secret, pair.secret],
            [subject.newSecret().secret, other.secret, pair.secret, subject.newSecret().secret],
          ])
            this.accepts(this.verify(request, { secrets }));
        },
      },
      {
        name: 'refuses another source’s secret, and any request when there is no secret',
        run: async () => {
          const refused = { ok: false, reason: 'no_secret_matched' };
          assert.deepEqual(this.verify(await this.signed({ signWith: other.signWith })), refused);
          assert.deepEqual(this.verify(await this.signed(), { secrets: [] }), refused);
          assert.deepEqual(this.verify(await this.signed(), { secrets: [other.secret] }), refused);
        },
      },
      ...(subject.several
        ? [
            {
              name: 'accepts one good signature among several, wherever it stands',
              run: async () => {
                const [good, bad] = [await this.signed(), await this.signed({ signWith: other.signWith })];
                this.accepts(this.verify(subject.several?.(good, bad) ?? good));
                this.accepts(this.verify(subject.several?.(bad, good) ?? bad));
                this.refuses(this.verify(subject.several?.(bad, bad) ?? bad));
              },
            },
          ]
        : []),
    ];
  }

  private requests(): ContractCase[] {
    const { provider } = this.subject;
    return [
      {
        name: 'does not depend on the charset or the parameters of the content type',
        run: async () => {
          const request = await this.signed();
          const type = String(request.headers['content-type'] ?? 'application/json').split(';', 1)[0];
          for (const parameters of ['', '; charset=utf-8', '; charset=iso-8859-1', '; charset=nonsense', ';;;=,'])
            this.accepts(
              this.verify({ ...request, headers: { ...request.headers, 'content-type': `${type}${parameters}` } }),
            );
        },
      },
      {
        name: 'describes and reads anything without throwing, and the same each time',
        run: async () => {
          const datas: unknown[] = [undefined, null, 1, 'text', [], [null], [1], {}, { id: 1.5, type: {} }];
          datas.push(JSON.parse('{"__proto__":{"id":"x"}}'));
          const bodies = [
            Buffer.alloc(0),
            Buffer.from([0xff, 0x00]),
            Buffer.from('%'),
            Buffer.from('a=%ff&b'),
            this.body,
          ];
          const types = ['application/json', 'application/x-www-form-urlencoded', 'text/plain', ''];
          for (const body of bodies)
            for (const type of types) {
              const request = { ...(await this.signed()), headers: { 'content-type': type }, body };
              const read = provider.parse ? [provider.parse(request)?.data] : [];
              for (const data of [...datas, ...read]) {
                const described = provider.describe(request, data, this.subject.source);
                assert.deepEqual(provider.describe(request, data, this.subject.source), described);
                assert.notEqual(described.externalId, '');
                assert.notEqual(described.type, '');
                assert.equal(provider.handshake?.(request, data, []), undefined);
              }
            }
        },
      },
      {
        name: 'numbers different bodies differently where they carry no id',
        run: async () => {
          const request = { ...(await this.signed()), headers: {} };
          const id = (text: string): string =>
            provider.describe({ ...request, body: Buffer.from(text) }, undefined, this.subject.source).externalId;
          assert.notEqual(id('a'), id('b'));
        },
      },
    ];
  }

  private bare(): ContractCase[] {
    return [
      {
        name: 'refuses a request with no headers at all',
        run: async () => this.refuses(this.verify({ ...(await this.signed()), headers: {} })),
      },
    ];
  }

  private header(name: string): ContractCase[] {
    const withHeader = async (change: (value: string) => string | string[] | undefined): Promise<Verdict> => {
      const request = await this.signed();
      const value = request.headers[name];
      if (typeof value !== 'string') throw new Error(`The signer made no header ${name}.`);
      return this.verify({ ...request, headers: { ...request.headers, [name]: change(value) } });
    };
    return [
      {
        name: `says no_signature without ${name}, and when it is empty`,
        run: async () => {
          assert.deepEqual(await withHeader(() => undefined), { ok: false, reason: 'no_signature' });
          assert.deepEqual(await withHeader(() => ''), { ok: false, reason: 'no_signature' });
        },
      },
      {
        name: `refuses ${name} when it came twice`,
        run: async () => {
          this.refuses(await withHeader((value) => `${value}, ${value}`));
          this.refuses(await withHeader((value) => [value, value]));
        },
      },
      {
        name: `refuses another version or algorithm in ${name}`,
        run: async () => {
          for (const label of ['v9', 'sha999', 'SHA256', 'V1', 'md5']) {
            // A value without a label stays as it is, and says nothing of versions.
            let labelled = false;
            const verdict = await withHeader((value) => {
              const changed = value.replace(LABEL, label);
              labelled = changed !== value;
              return changed;
            });
            if (labelled) this.refuses(verdict);
          }
        },
      },
      {
        name: `never throws and never accepts, whatever ${name} holds`,
        run: async () => {
          const value = (await this.signed()).headers[name] as string;
          // Space around a value is not among them: Node takes it off.
          const broken = [...JUNK, `${value}0`, value.repeat(2)];
          for (let at = 0; at < value.length; at++)
            broken.push(
              value.slice(0, at),
              `${value.slice(0, at)}é${value.slice(at + 1)}`,
              `${value.slice(0, at)},${value.slice(at)}`,
            );
          for (const text of broken)
            assert.equal((await withHeader(() => text)).ok, false, `${name}: ${text.slice(0, 200)} was accepted`);
        },
      },
    ];
  }

  private bytes(): ContractCase[] {
    return [
      {
        name: 'refuses a body in which any one byte differs',
        run: async () => {
          const request = await this.signed();
          for (let at = 0; at < request.body.length; at++) {
            const changed = Buffer.from(request.body);
            changed[at] = (changed[at] as number) ^ 1;
            this.refuses(this.verify({ ...request, body: changed }));
          }
        },
      },
      {
        name: 'refuses a body with something before it or after it',
        run: async () => {
          const request = await this.signed();
          for (const body of [
            Buffer.concat([request.body, Buffer.from('\n')]),
            Buffer.concat([Buffer.from('\uFEFF'), request.body]),
            request.body.subarray(1),
            request.body.subarray(0, -1),
          ])
            this.refuses(this.verify({ ...request, body }));
        },
      },
    ];
  }

  private sameJson(): ContractCase[] {
    return [
      {
        name: 'refuses the same JSON in other bytes',
        run: async () => {
          const request = await this.signed();
          const parsed: unknown = JSON.parse(request.body.toString());
          for (const body of [
            Buffer.from(JSON.stringify(parsed, null, 2)),
            Buffer.from(JSON.stringify(parsed).replaceAll('ż', '\\u017c')),
            Buffer.from(request.body.toString(), 'latin1'),
            Buffer.from(request.body.toString(), 'utf16le'),
          ])
            this.refuses(this.verify({ ...request, body }));
        },
      },
    ];
  }

  private anyBytes(): ContractCase[] {
    return [
      {
        name: 'verifies bytes that are no text, and not what text decoding makes of them',
        run: async () => {
          const body = Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x80]);
          this.accepts(this.verify(await this.signed({ body })));
          const replaced = Buffer.from(body.toString('utf8'));
          this.refuses(this.verify({ ...(await this.signed({ body: replaced })), body }));
          this.refuses(this.verify({ ...(await this.signed({ body })), body: replaced }));
        },
      },
      {
        name: 'verifies an empty body',
        run: async () => this.accepts(this.verify(await this.signed({ body: Buffer.alloc(0) }))),
      },
    ];
  }

  private urls(): ContractCase[] {
    return [
      {
        name: 'refuses another host, path or query',
        run: async () => {
          const request = await this.signed();
          for (const url of [
            request.url.replace('shop.', 'shop2.'),
            request.url.replace('/webhooks/it', '/webhooks/that'),
            request.url.replace('x=1', 'x=2'),
            request.url.replace('https:', 'http:'),
            `${request.url}&y=1`,
            '',
          ])
            this.refuses(this.verify({ ...request, url }));
        },
      },
    ];
  }

  private times(toleranceSeconds: number): ContractCase[] {
    const { source } = this.subject;
    const verdictAt = async (apartMs: number, options: SourceOptions = {}): Promise<Verdict> =>
      this.verify(await this.signed(), { nowMs: NOW_MS + apartMs, source: { ...source, ...options } });
    return [
      {
        name: `takes a time ${toleranceSeconds} s old or early, and none further off`,
        run: async () => {
          const edge = toleranceSeconds * 1_000;
          for (const apart of [edge, -edge, 0]) this.accepts(await verdictAt(apart));
          const stale = { ok: false, reason: 'stale' };
          for (const apart of [edge + 1_000, -edge - 1_000, 86_400_000, -315_360_000_000])
            assert.deepEqual(await verdictAt(apart), stale);
        },
      },
      {
        name: 'takes the tolerance of the source',
        run: async () => {
          this.accepts(await verdictAt((toleranceSeconds + 60) * 1_000, { toleranceSeconds: toleranceSeconds + 60 }));
          this.refuses(await verdictAt(4_000, { toleranceSeconds: 3 }));
        },
      },
    ];
  }

  private signed(change: Partial<ContractMessage> = {}): Promise<WebhookRequest> {
    const message = { body: this.body, signWith: this.pair.signWith, nowMs: NOW_MS, url: CALLED, ...change };
    return Promise.resolve(this.subject.sign(message));
  }

  private verify(
    request: WebhookRequest,
    options: { secrets?: readonly string[]; nowMs?: number; source?: SourceOptions } = {},
  ): Verdict {
    const { secrets = [this.pair.secret], nowMs = NOW_MS, source = this.subject.source } = options;
    const opened = secrets.map((text) => new Secret(text));
    return this.subject.provider.verify(request, opened, nowMs, source);
  }

  private accepts(verdict: Verdict): void {
    assert.deepEqual(verdict, { ok: true });
  }

  private refuses(verdict: Verdict): void {
    assert.equal(verdict.ok, false, 'it was accepted');
  }
}
