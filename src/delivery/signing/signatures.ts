// The signatures of a request, by whichever signer there is. Ours is taken at its word; of another's, nothing goes out that
// HTTP does not allow, or that says again what the request says already.
import { Injectable } from '@nestjs/common';
import { problemOfSignature } from '../../kernel/custom-headers.js';
import type { CustomHeader } from '../../kernel/custom-headers.js';
import { inTimeOr } from '../../kernel/in-time.js';
import type { Secret } from '../../kernel/secret.js';
import { RequestSigner, StandardSigner } from './request-signer.js';
import type { SignatureHeaders, UnsignedRequest } from './request-signer.js';

/** What has not signed by then is away. */
const PATIENCE_MS = 5_000;

/** A request could not be signed now; the message is for the log. */
export class UnsignedError extends Error {}

@Injectable()
export class Signatures {
  private readonly isOurs: boolean;

  constructor(private readonly signer: RequestSigner) {
    this.isOurs = signer.constructor === StandardSigner;
  }

  /**
   * Names and values. A promise only where the signer takes its time: this is asked for every attempt.
   *
   * @throws UnsignedError
   */
  of(request: UnsignedRequest, secrets: readonly Secret[]): readonly CustomHeader[] | Promise<readonly CustomHeader[]> {
    if (this.isOurs) return Object.entries(this.signer.sign(request, secrets) as SignatureHeaders);
    try {
      const signed = this.signer.sign(request, secrets);
      return signed instanceof Promise ? this.awaited(signed) : checked(signed);
    } catch (error) {
      throw asUnsigned(error);
    }
  }

  private async awaited(signing: Promise<SignatureHeaders>): Promise<readonly CustomHeader[]> {
    try {
      return checked(await inTimeOr(signing, PATIENCE_MS, tooLate));
    } catch (error) {
      throw asUnsigned(error);
    }
  }
}

const tooLate = (): never => {
  throw new Error(`it did not answer within ${PATIENCE_MS} ms`);
};

/** What code answered is not taken at its word. */
function checked(answer: unknown): readonly CustomHeader[] {
  const headers = typeof answer === 'object' && answer !== null ? Object.entries(answer) : [];
  if (headers.length === 0) throw new Error('it answered no header, and nothing goes out unsigned');
  const seen = new Set<string>();
  for (const [name, value] of headers as [string, unknown][]) {
    const lower = name.toLowerCase();
    const problem = problemOfSignature(name, value) ?? (seen.has(lower) ? 'is given twice' : undefined);
    if (problem) throw new Error(`the header ${JSON.stringify(name)} ${problem}`);
    seen.add(lower);
  }
  return headers as [string, string][];
}

const asUnsigned = (error: unknown): UnsignedError =>
  error instanceof UnsignedError ? error : new UnsignedError(error instanceof Error ? error.message : String(error));
