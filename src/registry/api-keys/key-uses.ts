// When keys were last used: gathered in memory and written now and then, so that no request waits for it. A process that is
// killed forgets at most the last minute.
import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import { BoundedMap } from '../../kernel/bounded-map.js';
import { monotonicNow } from '../../kernel/clock.js';
import { ApiKeysRepository } from './api-keys.repository.js';

/** How long a first use waits for others to be written with it. */
const GATHER_MS = 1_000;

/** How long a key's use is then not written again. */
const REST_MS = 60_000;

/** Bounds the memory; beyond it, a use is written once more than it had to be. */
const MAX_KEYS = 10_000;

@Injectable()
export class KeyUses implements BeforeApplicationShutdown {
  private readonly logger = new Logger('ApiKeys');
  /** By key: when its use was last noted here. */
  private readonly noted = new BoundedMap<string, number>(MAX_KEYS);
  private readonly waiting = new Set<string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly keys: ApiKeysRepository) {}

  note(keyId: string): void {
    const now = monotonicNow();
    if ((this.noted.get(keyId) ?? -Infinity) > now - REST_MS) return;
    this.noted.set(keyId, now);
    this.waiting.add(keyId);
    this.timer ??= setTimeout(() => void this.write(), GATHER_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer);
    await this.write();
  }

  private async write(): Promise<void> {
    this.timer = undefined;
    const ids = [...this.waiting];
    this.waiting.clear();
    if (ids.length === 0) return;
    try {
      await this.keys.touch(ids);
    } catch (error) {
      // The next use of each notes it anew.
      ids.forEach((id) => this.noted.delete(id));
      this.logger.warn(`When keys were used could not be written: ${(error as Error).message}`);
    }
  }
}
