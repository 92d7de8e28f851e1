// The rules of the catalogue: schemas that can be used, examples that meet them, as many types as a tenant may have.
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { isEventType } from '../../kernel/event-match.js';
import { newId } from '../../kernel/ids.js';
import { AuditLog } from '../../platform/audit/index.js';
import type { Author } from '../../platform/audit/index.js';
import { cursorId, pageOf } from '../../platform/http/index.js';
import type { Page, PageQuery } from '../../platform/http/index.js';
import { IdempotencyLedger } from '../../platform/idempotency/index.js';
import type { IdempotentRequest } from '../../platform/idempotency/index.js';
import { factsOfEventType } from '../audit/facts.js';
import { QuotaExceededError, TenantNotFoundError } from '../registry.errors.js';
import { Catalogue } from './catalogue.js';
import { EventTypeDto } from './dto/event-type.dto.js';
import type { CreateEventTypeDto, UpdateEventTypeDto } from './dto/event-type.dto.js';
import { EventSchema } from './event-schema.js';
import type { EventType } from './event-type.entity.js';
import {
  CatalogueTooLargeError,
  EventTypeExistsError,
  EventTypeNotFoundError,
  InvalidExampleError,
  InvalidSchemaError,
} from './event-types.errors.js';
import { EventTypesRepository } from './event-types.repository.js';
import type { EventTypeChange } from './event-types.repository.js';
import { ReadingTime } from './reading-time.js';
import type { ReadSchema } from './reading-time.js';
import { TooCostlyError } from './watchdog.js';

/** Most types of a tenant: what dispatching knows of them is read anew every second. */
const MAX_EVENT_TYPES = 2_000;

/** All schemas and examples of a tenant together: what its catalogue as one document may take. */
const MAX_CATALOGUE_BYTES = 8 * 1_048_576;

interface Named {
  readonly name: string;
  readonly columns: EventTypeChange;
}

@Injectable()
export class EventTypesService {
  constructor(
    private readonly types: EventTypesRepository,
    private readonly catalogue: Catalogue,
    private readonly reading: ReadingTime,
    private readonly ledger: IdempotencyLedger,
    private readonly audit: AuditLog,
  ) {}

  /** @throws EventTypeExistsError, InvalidSchemaError, InvalidExampleError, QuotaExceededError, SchemasTooCostlyError */
  async create(
    tenantId: string,
    { name, ...fields }: CreateEventTypeDto,
    request?: IdempotentRequest,
    author?: Author,
  ): Promise<EventTypeDto> {
    const columns = columnsOf(fields, this.readerOf(tenantId));
    const made = await this.changing(tenantId, (manager) =>
      this.ledger.within(manager, request, async () => {
        if (await this.types.find(tenantId, name, manager)) throw new EventTypeExistsError();
        return this.add(manager, tenantId, { name, columns }, author);
      }),
    );
    this.catalogue.forget(tenantId);
    return made;
  }

  async list(tenantId: string, { limit, cursor }: PageQuery): Promise<Page<EventTypeDto>> {
    const rows = await this.types.findPage(tenantId, limit + 1, cursorId(cursor));
    const { data, nextCursor } = pageOf(rows, limit, ({ id }) => id);
    return { data: data.map((type) => EventTypeDto.of(type)), nextCursor };
  }

  /** @throws EventTypeNotFoundError */
  async get(tenantId: string, name: string): Promise<EventTypeDto> {
    return EventTypeDto.of(await this.read(tenantId, name));
  }

  /** Absent fields stay as they are. @throws EventTypeNotFoundError, InvalidSchemaError, InvalidExampleError, SchemasTooCostlyError */
  async update(tenantId: string, name: string, fields: UpdateEventTypeDto, author?: Author): Promise<EventTypeDto> {
    const made = await this.changing(tenantId, async (manager) => {
      const before = await this.read(tenantId, name, manager);
      return this.replace(manager, before, columnsOf(fields, this.readerOf(tenantId), before), author);
    });
    this.catalogue.forget(tenantId);
    return made;
  }

  /** @throws EventTypeNotFoundError */
  async delete(tenantId: string, name: string, author?: Author): Promise<void> {
    await this.types.transaction(tenantId, async (manager) => {
      if (!isEventType(name) || !(await this.types.delete(manager, tenantId, name))) throw new EventTypeNotFoundError();
      await this.audit.within(manager, author, { action: 'event_type.deleted', resource: name });
    });
    this.catalogue.forget(tenantId);
  }

  /** One type more. @throws QuotaExceededError */
  async add(
    manager: EntityManager,
    tenantId: string,
    { name, columns }: Named,
    author?: Author,
  ): Promise<EventTypeDto> {
    if ((await this.types.count(manager, tenantId)) >= MAX_EVENT_TYPES)
      throw new QuotaExceededError('event types', MAX_EVENT_TYPES);
    await this.types.insert(manager, { id: newId(), tenantId, name, ...columns });
    return this.record(manager, author, 'event_type.created', await this.read(tenantId, name, manager));
  }

  async replace(
    manager: EntityManager,
    before: EventType,
    columns: EventTypeChange,
    author?: Author,
  ): Promise<EventTypeDto> {
    await this.types.update(manager, before.id, columns);
    const now = await this.read(before.tenantId, before.name, manager);
    return this.record(manager, author, 'event_type.updated', now, before);
  }

  /**
   * One change of a tenant's catalogue after the other.
   *
   * @throws TenantNotFoundError where it was deleted a moment ago; CatalogueTooLargeError
   */
  changing<Result>(tenantId: string, work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    return this.types.transaction(tenantId, async (manager) => {
      if (!(await this.types.lock(manager, tenantId))) throw new TenantNotFoundError();
      const result = await work(manager);
      if ((await this.types.size(manager, tenantId)) > MAX_CATALOGUE_BYTES)
        throw new CatalogueTooLargeError(MAX_CATALOGUE_BYTES);
      return result;
    });
  }

  /** How this tenant's schemas are read. @throws SchemasTooCostlyError */
  readerOf(tenantId: string): ReadSchema {
    return (schema) => this.reading.read(tenantId, schema);
  }

  private async record(
    manager: EntityManager,
    author: Author | undefined,
    action: string,
    now: EventType,
    before?: EventType,
  ): Promise<EventTypeDto> {
    const after = EventTypeDto.of(now);
    const facts = { before: before && factsOfEventType(EventTypeDto.of(before)), after: factsOfEventType(after) };
    await this.audit.within(manager, author, { action, resource: now.name, ...facts });
    return after;
  }

  private async read(tenantId: string, name: string, manager?: EntityManager): Promise<EventType> {
    const type = isEventType(name) ? await this.types.find(tenantId, name, manager) : null;
    if (!type) throw new EventTypeNotFoundError();
    return type;
  }
}

/** The columns of the fields that were given; schema and example must go together, whichever of them is new. */
export function columnsOf(fields: UpdateEventTypeDto, read: ReadSchema, before?: EventType): EventTypeChange {
  const { description, schema, example, version, deprecated, archived } = fields;
  const next = { schema: before?.schema ?? null, example: before?.example ?? null };
  if (schema !== undefined) next.schema = schema;
  if (example !== undefined) next.example = example;
  if (schema !== undefined || example !== undefined) judge(next.schema, next.example, read);
  return {
    ...(description !== undefined && { description }),
    ...(schema !== undefined && { schema, schemaId: schema && newId() }),
    ...(example !== undefined && { example }),
    ...(version !== undefined && { version }),
    ...(deprecated !== undefined && { deprecated }),
    ...(archived !== undefined && { archived }),
  };
}

function judge(schema: object | null, example: object | null, read: ReadSchema): void {
  if (!schema) return;
  const usable = read(schema);
  if (!(usable instanceof EventSchema)) throw new InvalidSchemaError(usable);
  if (!example) return;
  try {
    const problems = usable.problems(example);
    if (problems.length > 0) throw new InvalidExampleError(problems);
  } catch (error) {
    throw error instanceof TooCostlyError ? new InvalidSchemaError(['schema takes too long to judge by']) : error;
  }
}
