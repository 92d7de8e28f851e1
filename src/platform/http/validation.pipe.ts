// Turns what a client sent into a DTO, or refuses it: unknown fields, repeated parameters, text that PostgreSQL cannot
// hold. Absent fields stay absent. Own, because Nest's ValidationPipe sends the whole body through class-transformer,
// which follows a `constructor` field and recurses as deep as the client likes.
import { Injectable } from '@nestjs/common';
import type { ArgumentMetadata, PipeTransform, Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, validate, ValidationTypes } from 'class-validator';
import type { ValidationError } from 'class-validator';
import { ValidationFailedError } from '../../kernel/errors.js';

const PRIMITIVES: readonly unknown[] = [String, Number, Boolean, Object, Array, undefined];

/** NUL (SQLSTATE 22021) and lone surrogates (would silently become U+FFFD). */
const UNSTORABLE = /[\0\p{Cs}]/u;

/** Enough to mend a request by; a client that sends a thousand wrong fields is not read to. */
const MAX_DETAILS = 50;

@Injectable()
export class ApiValidationPipe implements PipeTransform {
  /** A promise only where the libraries are asked: most requests need none, and Nest waits for what it is given. */
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (type === 'custom' || !metatype || PRIMITIVES.includes(metatype)) return value;
    const given = value ?? {};
    if (typeof given !== 'object' || Array.isArray(given))
      throw refuse([type === 'body' ? 'the body must be a JSON object' : `the ${type} must be an object`]);
    const problems = textProblems(given, type === 'query');
    if (problems.length > 0) throw refuse(problems);
    const { fields, nested, judged } = rulesOf(metatype as Type<object>);
    if (!judged) {
      // It only names its fields, or has none (class-validator would refuse even the empty one): nothing to ask the libraries.
      const surplus = Object.keys(given).filter((name) => !fields.has(name));
      if (surplus.length > 0) throw refuse(surplus.map((name) => `property ${label(name)} should not exist`));
      return Object.assign(new (metatype as Type<object>)(), given);
    }
    return validated(instantiate(metatype as Type<object>, given, nested));
  }
}

async function validated(instance: object): Promise<object> {
  const errors = await validate(instance, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    stopAtFirstError: true,
    validationError: { target: false, value: false },
  });
  if (errors.length > 0) throw refuse(errors.flatMap((error) => sentences(error, '')));
  return instance;
}

/** What a DTO declares. */
interface Rules {
  readonly fields: ReadonlySet<string>;
  /** Fields that hold DTOs of their own. */
  readonly nested: ReadonlySet<string>;
  /** Whether it says more of a field than that it may be there (`@Allow()`). */
  readonly judged: boolean;
}

// Asking class-validator's storage takes longer than most requests need to be validated.
const known = new WeakMap<Type<object>, Rules>();

function rulesOf(metatype: Type<object>): Rules {
  let rules = known.get(metatype);
  if (!rules) {
    const declared = getMetadataStorage().getTargetValidationMetadatas(metatype, '', false, false);
    const namesOf = (those: typeof declared): Set<string> => new Set(those.map(({ propertyName }) => propertyName));
    rules = {
      fields: namesOf(declared),
      nested: namesOf(declared.filter(({ type }) => type === ValidationTypes.NESTED_VALIDATION)),
      judged: declared.some(({ type }) => type !== ValidationTypes.WHITELIST),
    };
    known.set(metatype, rules);
  }
  return rules;
}

const refuse = (details: readonly string[]): ValidationFailedError =>
  new ValidationFailedError(details.slice(0, MAX_DETAILS));

/** A field's name as it may stand in a sentence. */
const label = (name: string): string => JSON.stringify(name.slice(0, 100)).slice(1, -1);

/** Fields that no DTO could describe, whatever it declares. */
function textProblems(given: object, isQuery: boolean): string[] {
  const problems: string[] = [];
  for (const name of Object.keys(given)) {
    const value = (given as Record<string, unknown>)[name];
    if (name === '__proto__' || name === 'constructor') problems.push(`property ${name} should not exist`);
    // Arrays and objects are what parsers make of a repeated parameter. A host's own global pipe may have made numbers.
    else if (isQuery && typeof value === 'object') problems.push(`${label(name)} must be given once`);
    else if (isUnstorable(name) || (Array.isArray(value) ? value.some(isUnstorable) : isUnstorable(value)))
      problems.push(`${label(name)} must not contain NUL or unpaired surrogates`);
  }
  return problems;
}

const isUnstorable = (value: unknown): boolean => typeof value === 'string' && UNSTORABLE.test(value);

/**
 * The DTO. Only nested DTOs (`@ValidateNested`) are transformed in depth; any other object or array is the caller's own
 * JSON and passes untouched, to the byte that `JSON.stringify` makes of it.
 */
function instantiate(metatype: Type<object>, given: object, nested: ReadonlySet<string>): object {
  const isOpaque = ([name, value]: [string, unknown]): boolean =>
    typeof value === 'object' && value !== null && !nested.has(name);
  const entries = Object.entries(given);
  const transformed = Object.fromEntries(entries.filter((entry) => !isOpaque(entry)));
  try {
    return Object.assign(plainToInstance(metatype, transformed), Object.fromEntries(entries.filter(isOpaque)));
  } catch {
    // A nested value that class-transformer cannot follow, such as {"constructor": 1} or endless depth.
    throw refuse(['a nested value is malformed']);
  }
}

function sentences({ property, constraints, children }: ValidationError, parent: string): string[] {
  const path = parent ? `${parent}.${property}` : property;
  const own = Object.values(constraints ?? {}).map((text) => (parent ? `${parent}.${text}` : text));
  return [...own, ...(children ?? []).flatMap((child) => sentences(child, path))];
}
