// The catalogue as an OpenAPI document, in and out. A document is taken in whole, or not at all.
import { Injectable } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import type { EntityManager } from 'typeorm';
import type { Author } from '../../platform/audit/index.js';
import { IdempotencyLedger } from '../../platform/idempotency/index.js';
import type { IdempotentRequest } from '../../platform/idempotency/index.js';
import { PosthornError } from '../../kernel/errors.js';
import { Catalogue } from './catalogue.js';
import { EventTypeDto, isOwnEventType } from './dto/event-type.dto.js';
import type { CreateEventTypeDto } from './dto/event-type.dto.js';
import type { ImportedEventTypesDto, ImportEventTypesDto } from './dto/import.dto.js';
import type { EventType } from './event-type.entity.js';
import { EventSchema } from './event-schema.js';
import { InvalidImportError, SchemasTooCostlyError } from './event-types.errors.js';
import { EventTypesRepository } from './event-types.repository.js';
import { columnsOf, EventTypesService } from './event-types.service.js';
import type { EventTypeChange } from './event-types.repository.js';
import { openApiOf, typesOf } from './openapi.js';
import type { ReadSchema } from './reading-time.js';

/** Most types of one document. */
const MAX_IMPORTED = 200;

const FIELDS = ['description', 'schema', 'example', 'version', 'deprecated'] as const;

interface Step {
  readonly name: string;
  readonly before: EventType | null;
  readonly kind: 'created' | 'updated' | 'unchanged';
  readonly columns: EventTypeChange;
}

@Injectable()
export class EventTypesImport {
  constructor(
    private readonly types: EventTypesRepository,
    private readonly service: EventTypesService,
    private readonly catalogue: Catalogue,
    private readonly ledger: IdempotencyLedger,
  ) {}

  async export(tenantId: string): Promise<object> {
    return openApiOf((await this.types.findInUse(tenantId)).map((type) => EventTypeDto.of(type)));
  }

  /** Types that the document does not name stay as they are. @throws InvalidImportError naming each type that is wrong, SchemasTooCostlyError */
  async import(
    tenantId: string,
    { document, dryRun = false }: ImportEventTypesDto,
    request?: IdempotentRequest,
    author?: Author,
  ): Promise<ImportedEventTypesDto> {
    const { types, problems } = typesOf(document);
    const names = types.map(({ name }) => name);
    for (const odd of names.filter((name) => !isOwnEventType(name)))
      problems.push(`webhooks/${odd.slice(0, 100)} is no event type, or reserved`);
    if (types.length > MAX_IMPORTED) problems.push(`document may have at most ${MAX_IMPORTED} webhooks`);
    if (problems.length > 0) throw new InvalidImportError(problems);
    const done = await this.service.changing(tenantId, (manager) =>
      this.ledger.within(manager, request, async () => {
        const find = (name: string): Promise<EventType | null> => this.types.find(tenantId, name, manager);
        const steps = await this.plan(types, find, this.service.readerOf(tenantId));
        for (const step of dryRun ? [] : steps) await this.apply(manager, tenantId, step, author);
        const of = (kind: Step['kind']): string[] => steps.filter((step) => step.kind === kind).map(({ name }) => name);
        return { dryRun, created: of('created'), updated: of('updated'), unchanged: of('unchanged') };
      }),
    );
    this.catalogue.forget(tenantId);
    return done;
  }

  /** Makes these types, or makes them what they are said to be; nothing is written where they are. @throws InvalidImportError */
  async keepInStep(tenantId: string, types: readonly CreateEventTypeDto[]): Promise<void> {
    await this.service.changing(tenantId, async (manager) => {
      const find = (name: string): Promise<EventType | null> => this.types.find(tenantId, name, manager);
      // What an application declares itself has its time.
      const steps = await this.plan(types, find, (schema) => EventSchema.read(schema));
      for (const step of steps) await this.apply(manager, tenantId, step);
    });
    this.catalogue.forget(tenantId);
  }

  private async apply(manager: EntityManager, tenantId: string, step: Step, author?: Author): Promise<void> {
    if (step.kind === 'unchanged') return;
    if (step.before) await this.service.replace(manager, step.before, step.columns, author);
    else await this.service.add(manager, tenantId, step, author);
  }

  private async plan(
    types: readonly CreateEventTypeDto[],
    find: (name: string) => Promise<EventType | null>,
    read: ReadSchema,
  ): Promise<Step[]> {
    const steps: Step[] = [];
    const problems: string[] = [];
    for (const { name, ...fields } of types) {
      const before = await find(name);
      if (before && isSame(before, fields)) {
        steps.push({ name, before, kind: 'unchanged', columns: {} });
        continue;
      }
      try {
        steps.push({ name, before, kind: before ? 'updated' : 'created', columns: columnsOf(fields, read) });
      } catch (error) {
        if (!(error instanceof PosthornError) || error instanceof SchemasTooCostlyError) throw error;
        problems.push(...(error.details ?? [error.message]).map((detail) => `webhooks/${name}: ${detail}`));
      }
      // Reading schemas takes its time; others go in between.
      await setImmediate();
    }
    if (problems.length > 0) throw new InvalidImportError(problems.slice(0, 50));
    return steps;
  }
}

const isSame = (type: EventType, fields: Omit<CreateEventTypeDto, 'name'>): boolean =>
  FIELDS.every((field) => JSON.stringify(type[field]) === JSON.stringify(fields[field]));
