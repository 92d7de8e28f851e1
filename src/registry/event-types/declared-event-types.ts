// The event types that an application declares as classes: in the catalogue, and kept in step with the classes, at each start.
import { Inject, Injectable } from '@nestjs/common';
import type { OnModuleInit, Type } from '@nestjs/common';
import { PosthornError } from '../../kernel/errors.js';
import { SettingsError } from '../../platform/config/index.js';
import { DEFAULT_TENANT } from '../tenant-id.js';
import { schemaOfClass } from './class-schema.js';
import type { CreateEventTypeDto } from './dto/event-type.dto.js';
import { isOwnEventType } from './dto/event-type.dto.js';
import { EventTypesImport } from './event-types-import.js';
import { declarationOf } from './webhook-event.decorator.js';

/** Injects the classes. */
export const DECLARED_EVENT_TYPES = Symbol('posthorn.declared-event-types');

@Injectable()
export class DeclaredEventTypes implements OnModuleInit {
  constructor(
    @Inject(DECLARED_EVENT_TYPES) private readonly classes: readonly Type[],
    private readonly importer: EventTypesImport,
  ) {}

  /** @throws SettingsError naming what is wrong with a class. */
  async onModuleInit(): Promise<void> {
    if (this.classes.length === 0) return;
    const types = this.classes.map(typeOf);
    const twice = types.find(({ name }, at) => types.findIndex((other) => other.name === name) !== at);
    if (twice) throw new SettingsError(`eventTypes declares ${twice.name} twice.`);
    await this.importer.keepInStep(DEFAULT_TENANT, types).catch((error: unknown) => {
      if (!(error instanceof PosthornError)) throw error;
      throw new SettingsError(`eventTypes: ${[error.message, ...(error.details ?? [])].join(' ')}`, { cause: error });
    });
  }
}

function typeOf(type: Type): CreateEventTypeDto {
  const declared = declarationOf(type);
  if (!declared) throw new SettingsError(`eventTypes holds ${type.name}, which has no @WebhookEvent().`);
  const { name, description = null, example = null, version = null, deprecated = false, schema } = declared;
  if (!isOwnEventType(name))
    throw new SettingsError(`@WebhookEvent('${name}') on ${type.name} is no event type, or reserved.`);
  return { name, description, example, version, deprecated, schema: schema ?? schemaOfClass(type) };
}
