// Tells readers that something came in, whichever process took it. Those who read say so, and only while somebody does is
// anything announced: a stream that nobody reads costs nothing. Hints and no more: readers also look by themselves.
import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicNow } from '../../kernel/clock.js';
import { LIVE_TOPIC } from '../../delivery/index.js';
import { Notifications } from '../../platform/database/index.js';

const STORED_TOPIC = 'received';
const FOLLOWED_TOPIC = 'received_followed';

/** How often it is said that somebody reads, and how long that counts: two of these may be lost. */
const ANNOUNCE_MS = 5_000;
const FOLLOWED_MS = 3 * ANNOUNCE_MS;

/** However much comes in, a reader looks no more often than this. */
const LOOK_MS = 100;

@Injectable()
export class StreamWake implements OnModuleInit {
  private readonly readers = new Set<StreamReader>();
  private followedUntil = Number.NEGATIVE_INFINITY;
  private announcing: NodeJS.Timeout | undefined;

  constructor(private readonly notifications: Notifications) {}

  onModuleInit(): void {
    for (const topic of [STORED_TOPIC, LIVE_TOPIC]) this.notifications.listen(topic, () => this.wakeReaders());
    this.notifications.listen(FOLLOWED_TOPIC, () => void (this.followedUntil = monotonicNow() + FOLLOWED_MS));
  }

  /** For whoever has stored something: wakes readers, here and elsewhere, where there are any. */
  stored(): void {
    if (this.readers.size > 0) this.wakeReaders();
    if (monotonicNow() < this.followedUntil) this.notifications.hint(STORED_TOPIC);
  }

  /** Has somebody told of what comes in from now on, until `close`. */
  follow(): StreamReader {
    const reader = new StreamReader(() => this.leave(reader));
    this.readers.add(reader);
    this.notifications.hint(FOLLOWED_TOPIC);
    this.announcing ??= setInterval(() => this.notifications.hint(FOLLOWED_TOPIC), ANNOUNCE_MS);
    return reader;
  }

  private leave(reader: StreamReader): void {
    this.readers.delete(reader);
    if (this.readers.size > 0) return;
    clearInterval(this.announcing);
    this.announcing = undefined;
  }

  private wakeReaders(): void {
    for (const reader of this.readers) reader.wake();
  }
}

export class StreamReader {
  private signalled = false;
  private resume: (() => void) | undefined;

  constructor(readonly close: () => void) {}

  wake(): void {
    this.signalled = true;
    this.resume?.();
  }

  /** Fulfils when it is time to look: something came since the last look, `ms` are over, or `closed` says so. */
  async next(ms: number, closed: AbortSignal): Promise<void> {
    await delay(LOOK_MS, undefined, { signal: closed }).catch(() => undefined);
    if (!this.signalled && !closed.aborted) await this.wait(ms, closed);
    this.signalled = false;
  }

  private wait(ms: number, closed: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        closed.removeEventListener('abort', done);
        this.resume = undefined;
        resolve();
      };
      const timer = setTimeout(done, ms);
      closed.addEventListener('abort', done);
      this.resume = done;
    });
  }
}
