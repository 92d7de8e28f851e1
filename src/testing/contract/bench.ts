// What the cases of the contract are given: a provider, how its sender signs, and the little they do again and again.
import assert from 'node:assert/strict';
import { Secret } from '../../kernel/secret.js';
import type { Provider, SourceOptions, Verdict, WebhookRequest } from '../../inbound/index.js';
import type { SecretPair } from '../signers.js';

/** A request that is to be signed by the contract's signer. */
export interface ContractMessage {
  readonly body: Buffer;
  /** The `signWith` of a pair that `newSecret` made. */
  readonly signWith: string;
  /** When it is signed, in milliseconds since the epoch. */
  readonly nowMs: number;
  /** Where it is sent to, for senders that sign it. */
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
  /** What must hold, as a sentence. */
  readonly name: string;
  /** Rejects where it does not. */
  readonly run: () => Promise<void>;
}

/** The moment at which everything is signed. */
export const NOW_MS = 1_767_225_600_000;

const CALLED = 'https://shop.example/webhooks/it?x=1';
const JSON_BODY = Buffer.from('{"id":"evt_1","type":"thing.happened","text":"żółw 🐢"}');

/** One subject with a secret of its own, ready to sign and to verify. */
export class Bench {
  readonly body: Buffer;
  readonly pair: SecretPair;

  constructor(readonly subject: ContractSubject) {
    this.body = subject.body ?? JSON_BODY;
    this.pair = subject.newSecret();
  }

  signed(change: Partial<ContractMessage> = {}): Promise<WebhookRequest> {
    const message = { body: this.body, signWith: this.pair.signWith, nowMs: NOW_MS, url: CALLED, ...change };
    return Promise.resolve(this.subject.sign(message));
  }

  verify(
    request: WebhookRequest,
    options: { secrets?: readonly string[]; nowMs?: number; source?: SourceOptions } = {},
  ): Verdict {
    const { secrets = [this.pair.secret], nowMs = NOW_MS, source = this.subject.source } = options;
    const opened = secrets.map((text) => new Secret(text));
    return this.subject.provider.verify(request, opened, nowMs, source);
  }

  accepts(verdict: Verdict): void {
    assert.deepEqual(verdict, { ok: true });
  }

  refuses(verdict: Verdict): void {
    assert.equal(verdict.ok, false, 'it was accepted');
  }
}
