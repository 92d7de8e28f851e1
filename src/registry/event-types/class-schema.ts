// A JSON Schema from the class-validator decorators of a class. What has no counterpart is refused and not left out: the catalogue
// would promise less than the class does. Properties without any decorator are not judged, and others than these are allowed.
import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage } from 'class-validator';
import { SettingsError } from '../../platform/config/index.js';

type Schema = Record<string, unknown>;

/** What class-validator notes of one decorator on one property. */
interface Note {
  readonly name?: string;
  readonly type: string;
  readonly propertyName: string;
  readonly constraints?: readonly unknown[];
  readonly each?: boolean;
}

const string = (more: Schema = {}): Schema => ({ type: 'string', ...more });

/** By the names of decorators, as class-validator keeps them. */
const COUNTERPARTS: Readonly<Record<string, (constraints: readonly unknown[]) => Schema | undefined>> = {
  isString: () => string(),
  isNotEmpty: () => ({ not: { enum: ['', null] } }),
  isNumber: () => ({ type: 'number' }),
  isInt: () => ({ type: 'integer' }),
  isBoolean: () => ({ type: 'boolean' }),
  isObject: () => ({ type: 'object' }),
  isArray: () => ({ type: 'array' }),
  isEnum: ([, values]) => ({ enum: values }),
  isIn: ([values]) => ({ enum: values }),
  equals: ([value]) => ({ const: value }),
  isDefined: () => ({}),
  min: ([least]) => ({ minimum: least }),
  max: ([most]) => ({ maximum: most }),
  isPositive: () => ({ exclusiveMinimum: 0 }),
  isNegative: () => ({ exclusiveMaximum: 0 }),
  isDivisibleBy: ([divisor]) => ({ multipleOf: divisor }),
  minLength: ([least]) => string({ minLength: least }),
  maxLength: ([most]) => string({ maxLength: most }),
  isLength: ([least, most]) => string({ minLength: least, ...(most !== undefined && { maxLength: most }) }),
  matches: ([pattern]) =>
    pattern instanceof RegExp && ['', 'u'].includes(pattern.flags) ? string({ pattern: pattern.source }) : undefined,
  isEmail: () => string({ format: 'email' }),
  isUuid: () => string({ format: 'uuid' }),
  isUrl: () => string({ format: 'uri' }),
  isDate: () => string({ format: 'date-time' }),
  isDateString: () => string({ pattern: String.raw`^\d{4}-\d{2}-\d{2}` }),
  isIso8601: () => string({ pattern: String.raw`^\d{4}-\d{2}-\d{2}` }),
  isNumberString: () => string({ pattern: String.raw`^[-+]?\d*\.?\d+$` }),
  isBooleanString: () => ({ enum: ['true', 'false', '1', '0'] }),
  arrayNotEmpty: () => ({ minItems: 1 }),
  arrayMinSize: ([least]) => ({ minItems: least }),
  arrayMaxSize: ([most]) => ({ maxItems: most }),
  arrayUnique: ([identifier]) => (identifier === undefined ? { uniqueItems: true } : undefined),
};

/** Takes null for nothing, as `@IsOptional()` does. */
const OPTIONAL = 'isOptional';

const NESTED = 'nestedValidation';

/** @throws SettingsError naming the decorator that has no counterpart. */
export function schemaOfClass(type: Type, outer: readonly Type[] = []): Schema {
  if (outer.includes(type)) throw new SettingsError(`${type.name} holds itself: give @WebhookEvent() a schema.`);
  const notes: readonly Note[] = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  const names = [...new Set(notes.map(({ propertyName }) => propertyName))];
  const isOptional = (name: string): boolean =>
    notes.some((note) => note.propertyName === name && note.name === OPTIONAL);
  const properties = names.map((name) => {
    const own = notes.filter((note) => note.propertyName === name && note.name !== OPTIONAL);
    const schema = allOf(own.map((note) => schemaOfNote(type, note, [...outer, type])));
    return [name, isOptional(name) ? { anyOf: [schema, { type: 'null' }] } : schema] as const;
  });
  const required = names.filter((name) => !isOptional(name));
  return { type: 'object', properties: Object.fromEntries(properties), ...(required.length > 0 && { required }) };
}

function schemaOfNote(type: Type, note: Note, outer: readonly Type[]): Schema {
  const { propertyName, name = note.type, constraints = [], each = false } = note;
  // Whether or not it says `each`, the items of a list are judged one by one.
  if (note.type === NESTED) return schemaOfNested(type, propertyName, outer);
  const schema = COUNTERPARTS[name]?.(constraints);
  if (!schema)
    throw new SettingsError(
      `${type.name}.${propertyName} is validated by ${name}, which JSON Schema cannot say: give @WebhookEvent() a schema.`,
    );
  return each ? { type: 'array', items: schema } : schema;
}

/** The class of a property, by `@Type()` of class-transformer, else as TypeScript notes it; of an array, of its items. */
function schemaOfNested(type: Type, property: string, outer: readonly Type[]): Schema {
  const noted = Reflect.getMetadata('design:type', type.prototype as object, property) as Type | undefined;
  const isList = noted === Array;
  const made = (plainToInstance(type, { [property]: isList ? [{}] : {} }) as Record<string, unknown>)[property];
  const item = isList ? (made as unknown[])[0] : made;
  const transformed = (item as object).constructor as Type;
  const nested = transformed === Object && !isList && noted !== undefined ? noted : transformed;
  if ((nested as unknown) === Object)
    throw new SettingsError(`The class of ${type.name}.${property} is not known: add @Type() of class-transformer.`);
  const schema = schemaOfClass(nested, outer);
  return isList ? { type: 'array', items: schema } : schema;
}

/** One schema of several; where two say something of the same, both hold. */
function allOf(schemas: readonly Schema[]): Schema {
  const merged: Schema = {};
  const further: Schema[] = [];
  for (const schema of schemas) {
    const keys = Object.keys(schema);
    if (keys.every((key) => !(key in merged) || isSame(merged[key], schema[key]))) Object.assign(merged, schema);
    else further.push(schema);
  }
  return further.length > 0 ? { ...merged, allOf: further } : merged;
}

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
