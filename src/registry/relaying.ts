// Whether sources may pass on what they receive: an application that only receives would store events that it never sends.
// One that does neither manages for others, and takes their word.
import { Injectable } from '@nestjs/common';
import { InvalidSourceError } from './registry.errors.js';

@Injectable()
export class Relaying {
  private receives = false;
  private sends = false;

  /** This application receives webhooks. Said before any module is initialised, as is {@link sending}. */
  receiving(): void {
    this.receives = true;
  }

  /** This application sends what is dispatched. */
  sending(): void {
    this.sends = true;
  }

  /** @throws InvalidSourceError when a source shall relay, and nothing here would send it. */
  check(relay: boolean | undefined): void {
    if (relay && this.receives && !this.sends)
      throw new InvalidSourceError(
        'relay needs an application that sends: import OutboundModule beside InboundModule, or PosthornModule.',
      );
  }
}
