// What dispatching asks of the catalogue. Which types there are is remembered for a second, and schemas by their ids, which
// change with them: no event costs a statement of its own, and one without a schema costs a look into a map.
import { Inject, Injectable, Logger } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import { monotonicNow } from '../../kernel/clock.js';
import { PosthornError } from '../../kernel/errors.js';
import { RESERVED_PREFIX } from '../../kernel/event-match.js';
import { SETTINGS_TOKEN } from '../../platform/config/index.js';
import type { Settings } from '../../platform/config/index.js';
import { SparingLog } from '../../platform/observability/index.js';
import { BriefCache } from '../brief-cache.js';
import { EventSchema } from './event-schema.js';
import {
  SchemaMismatchError,
  SchemasTooCostlyError,
  SchemaTooCostlyError,
  UnknownEventTypeError,
} from './event-types.errors.js';
import { EventTypesRepository } from './event-types.repository.js';
import { JudgingTime } from './judging-time.js';
import { KeptSchemas } from './kept-schemas.js';
import { ReadingTime } from './reading-time.js';
import { TooCostlyError } from './watchdog.js';

/** Bounds the memory. */
const MAX_SCHEMA_BYTES_KEPT = 4 * 1_048_576;

/** A schema that proved too costly, or cannot be used any more, is tried again after this. */
const SUSPENDED_MS = 60_000;

/** Others of this process wait no longer than this and one judgement. */
const MAX_BLOCK_MS = 10;

/** An event, as far as the catalogue judges it. */
interface Judged {
  readonly type: string;
  /** JSON text. */
  readonly data: string;
}

type Known = ReadonlyMap<string, string | null>;

interface Kept {
  readonly schema: EventSchema | undefined;
  readonly until: number;
}

@Injectable()
export class Catalogue {
  private readonly logger = new Logger('Catalogue');
  private readonly types = new BriefCache<Known>();
  private readonly schemas = new KeptSchemas<Kept>(MAX_SCHEMA_BYTES_KEPT);
  /** By tenant: each of its events may be of a type of its own. */
  private readonly unknown = new SparingLog((line) => this.logger.warn(line));
  private readonly time = new JudgingTime();

  constructor(
    private readonly repository: EventTypesRepository,
    private readonly reading: ReadingTime,
    @Inject(SETTINGS_TOKEN) private readonly settings: Pick<Settings, 'unknownEventTypes'>,
  ) {}

  /** The types of a tenant in use, with the ids of their schemas; another replica's change is in it after a second. */
  async typesOf(tenantId: string): Promise<Known> {
    const load = async (): Promise<Known> =>
      new Map((await this.repository.findNames(tenantId)).map(({ name, schemaId }) => [name, schemaId]));
    return (await this.types.get(tenantId, load)) ?? new Map<string, string | null>();
  }

  /** True where no more is to be asked: most events are of types without a schema, and wait for nothing. */
  hasNothingAgainst(tenantId: string, type: string): boolean {
    const known = this.types.peek(tenantId);
    if (!known) return false;
    const schemaId = known.get(type);
    return schemaId === null || (schemaId === undefined && this.settings.unknownEventTypes === 'allow');
  }

  /** What the catalogue has against an event, if anything. */
  async refusalOf(tenantId: string, known: Known, { type, data }: Judged): Promise<PosthornError | undefined> {
    const schemaId = known.get(type) ?? (known.has(type) ? null : await this.findNew(tenantId, type));
    if (schemaId === undefined) return this.refusalOfUnknown(tenantId, type);
    if (schemaId === null) return undefined;
    if (this.time.isSpent(tenantId, schemaId)) return new SchemaTooCostlyError();
    const schema = await this.schemaOf(tenantId, schemaId);
    if (schema instanceof SchemasTooCostlyError) return schema;
    // The type was changed or deleted within this second.
    if (schema === 'gone') return undefined;
    if (!schema) return new SchemaTooCostlyError();
    try {
      const problems = this.time.counting(tenantId, schemaId, data.length, () => schema.problems(JSON.parse(data)));
      return problems.length > 0 ? new SchemaMismatchError(problems) : undefined;
    } catch (error) {
      if (!(error instanceof TooCostlyError)) throw error;
      if (schema.isTooCostly) this.keep(tenantId, schemaId, undefined);
      return new SchemaTooCostlyError();
    }
  }

  /** The events that there is nothing against, and refusals in the place of others; what was refused before stays so. */
  async judge<Event extends Judged>(
    tenantId: string,
    events: readonly (Event | PosthornError)[],
  ): Promise<(Event | PosthornError)[]> {
    const types = await this.typesOf(tenantId);
    const judged: (Event | PosthornError)[] = [];
    let since = monotonicNow();
    // One after the other: events of one type wait for its schema to be read once.
    for (const event of events) {
      if (monotonicNow() - since > MAX_BLOCK_MS) {
        await setImmediate();
        since = monotonicNow();
      }
      const isSettled = event instanceof PosthornError || this.hasNothingAgainst(tenantId, event.type);
      judged.push(isSettled ? event : ((await this.refusalOf(tenantId, types, event)) ?? event));
    }
    return judged;
  }

  /** Forgets what was just changed here. */
  forget(tenantId: string): void {
    this.types.forget(tenantId);
  }

  /** Before a type is refused for being unknown: it may have been added at another replica within this second. */
  private async findNew(tenantId: string, type: string): Promise<string | null | undefined> {
    if (this.settings.unknownEventTypes !== 'refuse') return undefined;
    const found = await this.repository.find(tenantId, type);
    if (!found || found.archived) return undefined;
    this.types.forget(tenantId);
    return found.schemaId;
  }

  private refusalOfUnknown(tenantId: string, type: string): UnknownEventTypeError | undefined {
    const { unknownEventTypes } = this.settings;
    if (unknownEventTypes === 'allow' || type.startsWith(RESERVED_PREFIX)) return undefined;
    if (unknownEventTypes === 'refuse') return new UnknownEventTypeError();
    this.unknown.note(tenantId, () => `Tenant ${tenantId} sends ${type}, which is not in its catalogue.`);
    return undefined;
  }

  private async schemaOf(
    tenantId: string,
    schemaId: string,
  ): Promise<EventSchema | SchemasTooCostlyError | undefined | 'gone'> {
    const kept = this.kept(tenantId, schemaId);
    if (kept) return kept.schema;
    const schema = await this.repository.findSchema(tenantId, schemaId);
    if (!schema) return 'gone';
    // Of all who asked for it at the same moment one has read it by now.
    const readMeanwhile = this.kept(tenantId, schemaId);
    if (readMeanwhile) return readMeanwhile.schema;
    try {
      const read = this.reading.read(tenantId, schema);
      const usable = read instanceof EventSchema ? read : undefined;
      this.keep(tenantId, schemaId, usable);
      return usable;
    } catch (error) {
      if (error instanceof SchemasTooCostlyError) return error;
      throw error;
    }
  }

  private kept(tenantId: string, schemaId: string): Kept | undefined {
    const kept = this.schemas.get(tenantId, schemaId);
    return kept && kept.until > monotonicNow() ? kept : undefined;
  }

  private keep(tenantId: string, schemaId: string, schema: EventSchema | undefined): void {
    const until = schema ? Infinity : monotonicNow() + SUSPENDED_MS;
    this.schemas.set(tenantId, schemaId, { schema, until }, schema?.bytes ?? 0);
  }
}
