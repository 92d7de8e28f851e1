// Everything that a stream may tell, as one list in the order of ids: what was received, and what happened to deliveries.
import { Injectable } from '@nestjs/common';
import { LIVE_KINDS, LiveFeed } from '../../delivery/index.js';
import type { LiveKind } from '../../delivery/index.js';
import { lowestIdAt } from '../../kernel/ids.js';
import type { ServerSentEvent } from '../../platform/http/index.js';
import { ReceivedEventDto } from '../dto/received-event.dto.js';
import type { StreamType } from './dto/stream-query.js';
import { MAX_SENT, OVERLAP_MS } from './stream-position.js';
import type { StreamPosition } from './stream-position.js';
import { StreamRepository } from './stream.repository.js';
import type { Followed } from './stream.repository.js';

/** What is followed. */
export interface Watched extends Followed {
  /** @defaultValue received events, under the name that they have had from the beginning */
  readonly types?: readonly StreamType[];
}

const NAMES: Record<LiveKind, string> = { attempts: 'attempt', deliveries: 'delivery', operational: 'operational' };

/** What of it is about deliveries. */
export const liveKindsOf = ({ types = [] }: Watched): LiveKind[] => LIVE_KINDS.filter((kind) => types.includes(kind));

const includesReceived = ({ types }: Watched): boolean => types?.includes('received') ?? true;

@Injectable()
export class StreamPages {
  constructor(
    private readonly received: StreamRepository,
    private readonly live: LiveFeed,
  ) {}

  /** What is new above a position, oldest first. Fewer than `limit`: that was all. */
  async findNew(watched: Watched, position: StreamPosition, limit: number): Promise<ServerSentEvent[]> {
    const kinds = liveKindsOf(watched);
    const name = watched.types ? 'received' : 'received_event';
    const [received, live] = await Promise.all([
      includesReceived(watched) ? this.received.findNew(watched, position, limit) : [],
      kinds.length > 0 ? this.live.findNew(watched.tenantId, kinds, position, limit) : [],
    ]);
    const events = [
      ...received.map((row) => ({ event: name, id: row.id, data: ReceivedEventDto.of(row) })),
      ...live.map(({ id, kind, data }) => ({ event: NAMES[kind], id, data: JSON.parse(data) as object })),
    ];
    if (received.length > 0 && live.length > 0) events.sort((a, b) => (a.id < b.id ? -1 : 1));
    return events.slice(0, limit);
  }

  /** The ids of the last seconds: what a reader that begins now is not to see. One more than are remembered says that there are more. */
  async findRecentIds(watched: Watched, nowMs: number): Promise<string[]> {
    const kinds = liveKindsOf(watched);
    const place = { after: lowestIdAt(nowMs - OVERLAP_MS), known: [] };
    const [received, live] = await Promise.all([
      includesReceived(watched) ? this.received.findRecentIds(watched, nowMs) : [],
      kinds.length > 0 ? this.live.findNewest(watched.tenantId, kinds, place, MAX_SENT + 1) : [],
    ]);
    return [...received, ...live];
  }
}
