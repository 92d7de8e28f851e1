// Whether a URL wants our webhooks: asked when one is registered, where the installation says so, so that nobody can have
// events sent, and requests made, to somebody else.
import { Inject, Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { OwnershipUnprovenError } from './registry.errors.js';

/** The type of what a receiver is asked. */
export const CHALLENGE_TYPE = 'posthorn.webhook.challenge';

/** POSTs a body, as a delivery would be sent. Fulfils with the beginning of an answer of 2xx; anything else is `undefined`. */
type AskReceiver = (url: string, body: string) => Promise<string | undefined>;

@Injectable()
export class Ownership {
  private ask: AskReceiver | undefined;

  constructor(@Inject(SETTINGS_TOKEN) private readonly settings: Pick<Settings, 'ownershipChallenge'>) {}

  /** Those who can send say how. Said before any module is initialised. */
  askBy(ask: AskReceiver): void {
    this.ask = ask;
  }

  /**
   * Do not call it inside a transaction: it waits for the receiver.
   *
   * @throws OwnershipUnprovenError, also where nothing in this application can send: then nobody can prove anything.
   */
  async prove(url: string): Promise<void> {
    if (!this.settings.ownershipChallenge) return;
    const challenge = randomBytes(24).toString('base64url');
    const answer = await this.ask?.(url, JSON.stringify({ type: CHALLENGE_TYPE, challenge }));
    if (answer === undefined || !isEcho(answer, challenge)) throw new OwnershipUnprovenError();
  }
}

/** The challenge as it is, or as the field of that name. */
function isEcho(answer: string, challenge: string): boolean {
  if (answer.trim() === challenge) return true;
  try {
    const said = JSON.parse(answer) as { challenge?: unknown } | null;
    return said?.challenge === challenge;
  } catch {
    return false;
  }
}
