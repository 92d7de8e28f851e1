// Ids are UUIDv7: they sort by time, so rows and their index pages stay together and partitions can be cut by id.
import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';
import { systemClock } from './clock.js';

// Drawn ahead for many ids: the call costs more than the bytes, and more than all else about an id.
const RANDOM_BYTES = 16;
const drawn = Buffer.alloc(RANDOM_BYTES * 256);
let used = drawn.length;

let lastMs = 0;
let seq = 0;

/** A new UUIDv7, strictly increasing within this process, even where its clock goes back (RFC 9562, 6.2). */
export function newId(): string {
  if (used === drawn.length) {
    randomFillSync(drawn);
    used = 0;
  }
  const random = drawn.subarray(used, (used += RANDOM_BYTES));
  const now = systemClock();
  if (now > lastMs) {
    lastMs = now;
    // Room to count up in, before the millisecond has to be borrowed from.
    seq = random.readUInt32BE(6) & 0x7fffffff;
  } else {
    seq = (seq + 1) >>> 0;
    if (seq === 0) lastMs += 1;
  }
  return v7({ msecs: lastMs, seq, random });
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** True for a UUID in the one spelling we hand out (PostgreSQL would also take braces and capitals). */
export const isId = (text: unknown): text is string => typeof text === 'string' && UUID.test(text);

/** The bounds of all ids. */
export const FIRST_ID = '00000000-0000-0000-0000-000000000000';
export const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** The smallest UUIDv7 of a moment: the bound of a partition, or of a `since`/`until` filter on ids. */
export const lowestIdAt = (epochMs: number): string =>
  v7({ msecs: Math.max(0, Math.floor(epochMs)), seq: 0, random: new Uint8Array(16) });

/** The moment (milliseconds since the epoch) that a UUIDv7 was made in. */
export const timeOfId = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
