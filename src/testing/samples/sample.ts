// What a sample is made from: the asked type, one moment, and ids that no other sample has.
import { randomBytes, randomInt, randomUUID } from 'node:crypto';

/** A webhook before it is signed. */
export interface SampleWebhook {
  /** What the sender says in headers, its event type among them; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON, or the text of a form. */
  readonly body: object | string;
}

/** What a sample is about. */
export class SampleOf {
  constructor(
    readonly type: string,
    private readonly nowMs: number,
    /** The config of the source, for those whom it describes. */
    readonly config: Readonly<Record<string, unknown>>,
  ) {}

  get ms(): number {
    return this.nowMs;
  }

  get seconds(): number {
    return Math.floor(this.nowMs / 1_000);
  }

  get iso(): string {
    return new Date(this.nowMs).toISOString();
  }

  /** The type at its first dot, for senders who put its halves in two places: `pull_request` and `opened`. */
  get halves(): readonly [string, string | undefined] {
    const at = this.type.indexOf('.');
    return at < 0 ? [this.type, undefined] : [this.type.slice(0, at), this.type.slice(at + 1)];
  }

  /** An id in letters and digits. */
  id(prefix = ''): string {
    return prefix + randomBytes(12).toString('hex');
  }

  uuid(): string {
    return randomUUID();
  }

  /** An id that is a number. */
  number(): number {
    return randomInt(1, 2 ** 47);
  }
}

export type SampleMaker = (of: SampleOf) => SampleWebhook;

/** A sender whose headers say nothing but the signature. */
export const inBody =
  (body: (of: SampleOf) => object): SampleMaker =>
  (of) => ({ headers: {}, body: body(of) });

/** A form, as browsers write it. */
export const form = (
  fields: Readonly<Record<string, string>>,
  headers: Record<string, string> = {},
): SampleWebhook => ({
  headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  body: new URLSearchParams(fields).toString(),
});
