// The fields of a source that a client may set, each with its rule and its documentation.
import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { parseNetwork } from '../../kernel/address-ranges.js';
import { IfPresent } from '../../platform/http/index.js';
import { isSilentAfter } from '../silent-after.js';
import { isSourceName, SOURCE_NAME_PATTERN } from '../source-name.js';
import { PROCESSINGS } from '../source.entity.js';
import { Rule } from './rule.decorator.js';

export const MAX_SECRETS = 10;
const MAX_SECRET_LENGTH = 4_096;
const MAX_CONFIG_MEMBERS = 32;
const MAX_CONFIG_TEXT = 2_048;
const MAX_ALLOWED_IPS = 100;
const MAX_ANSWER_LENGTH = 1_024;

/** What stands for tokens in a config that is shown; stored, it would take their place. */
export const MASK = '[secret]';

/** NUL, which PostgreSQL refuses, and lone surrogates, which it cannot be given. */
const UNSTORABLE = /[\0\p{Cs}]/u;

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isText = (value: unknown, min: number, max: number): value is string =>
  typeof value === 'string' && value.length >= min && value.length <= max && !UNSTORABLE.test(value);

export const NameField = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ pattern: SOURCE_NAME_PATTERN, description: 'Stands in the path.', example: 'stripe-eu' }),
    Rule('isSourceName', 'must be 1 to 63 of a-z, 0-9, _ and -, and begin with a letter or digit', isSourceName),
  );

export const ProviderField = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ description: 'How its sender signs and names what it sends.', example: 'stripe' }),
    IsString(),
    Length(1, 100),
  );

export const SecretField = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({
      minLength: 1,
      maxLength: MAX_SECRET_LENGTH,
      description: 'As the sender gives it. Never shown again.',
      example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    }),
    IsString(),
    Length(1, MAX_SECRET_LENGTH),
  );

export const SecretsField = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({
      type: [String],
      minItems: 1,
      maxItems: MAX_SECRETS,
      description: 'What the sender signs with, the one in use first; a request may match any. Never shown again.',
      example: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
    }),
    Rule(
      'isSecrets',
      `must be a list of 1 to ${MAX_SECRETS} texts of 1 to ${MAX_SECRET_LENGTH} characters`,
      (value) =>
        Array.isArray(value) &&
        value.length > 0 &&
        value.length <= MAX_SECRETS &&
        value.every((secret) => isText(secret, 1, MAX_SECRET_LENGTH)),
    ),
  );

export const ConfigField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: 'object',
      additionalProperties: { oneOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }] },
      maxProperties: MAX_CONFIG_MEMBERS,
      default: {},
      description: 'Settings of the provider, all of them: changing it replaces the whole.',
      example: {},
    }),
    IfPresent(),
    Rule(
      'isConfig',
      `must be an object of at most ${MAX_CONFIG_MEMBERS} texts, numbers and booleans, texts of at most ${MAX_CONFIG_TEXT} characters and none of them ${MASK}`,
      isConfig,
    ),
  );

function isConfig(value: unknown): boolean {
  if (!isObject(value)) return false;
  const members = Object.entries(value);
  return (
    members.length <= MAX_CONFIG_MEMBERS &&
    members.every(
      ([name, member]: [string, unknown]) =>
        /^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(name) &&
        (typeof member === 'boolean' ||
          typeof member === 'number' ||
          (isText(member, 0, MAX_CONFIG_TEXT) && member !== MASK)),
    )
  );
}

export const ProcessingField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      enum: PROCESSINGS,
      enumName: 'Processing',
      default: 'inline',
      description: '`inline`: handlers run before the sender is answered. `queued`: it is answered once all is stored.',
    }),
    IfPresent(),
    IsIn(PROCESSINGS),
  );

export const RelayField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: Boolean,
      default: false,
      description: 'Whether what comes in is dispatched again, as `<source>.<type>`.',
    }),
    IfPresent(),
    IsBoolean(),
  );

/** A whole number within bounds; null goes back to the default. */
export const LimitField = (minimum: number, maximum: number, description: string, example: number): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: 'integer', nullable: true, minimum, maximum, description, example }),
    IsOptional(),
    IsInt(),
    Min(minimum),
    Max(maximum),
  );

export const SilentAfterField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: String,
      nullable: true,
      description:
        'After how long without a verified request the event `posthorn.source.silent` tells of it: 1m to 30d, or 2x to 100x its usual gap. Null: never.',
      example: '2h',
    }),
    IsOptional(),
    Rule(
      'isSilentAfter',
      'must be a duration from 1m to 30d, such as 2h, or a multiple of the usual gap from 2x to 100x',
      isSilentAfter,
    ),
  );

export const AllowedIpsField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: [String],
      nullable: true,
      minItems: 1,
      maxItems: MAX_ALLOWED_IPS,
      description: 'Networks (CIDR) that requests may come from; behind a proxy, `TRUST_PROXY` must be set. Null: any.',
      example: ['3.18.12.63/32'],
    }),
    IsOptional(),
    Rule(
      'isNetworks',
      `must be a list of 1 to ${MAX_ALLOWED_IPS} networks in CIDR notation, such as 3.18.12.63/32`,
      (value) => Array.isArray(value) && value.length > 0 && value.length <= MAX_ALLOWED_IPS && value.every(isNetwork),
    ),
  );

function isNetwork(value: unknown): boolean {
  if (!isText(value, 1, 64)) return false;
  try {
    parseNetwork(value);
    return true;
  } catch {
    return false;
  }
}

/** How a client writes an answer of its own; what is left out has a default. */
export interface AnswerInput {
  status?: number;
  contentType?: string;
  body?: string;
}

/** The schema of an answer in OpenAPI. */
export const ANSWER_SCHEMA = {
  type: 'object',
  nullable: true,
  properties: {
    status: { type: 'integer', minimum: 200, maximum: 299, default: 200 },
    contentType: { type: 'string', default: 'text/plain', example: 'text/xml' },
    body: { type: 'string', maxLength: MAX_ANSWER_LENGTH, default: '' },
  },
  additionalProperties: false,
} as const;

export const AnswerField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      ...ANSWER_SCHEMA,
      description: 'What the sender is answered when all is well, for senders that require something particular.',
      example: { contentType: 'text/xml', body: '<Response/>' },
    }),
    IsOptional(),
    Rule(
      'isAnswer',
      `must be { status, contentType, body }: 200 to 299, a media type, at most ${MAX_ANSWER_LENGTH} characters`,
      isAnswer,
    ),
  );

function isAnswer(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { status = 200, contentType = 'text/plain', body = '', ...others } = value as AnswerInput;
  return (
    Number.isInteger(status) &&
    status >= 200 &&
    status <= 299 &&
    // Nothing that a browser would run: the bodies are a tenant's, the site is the operator's.
    /^(?:text\/(?:plain|xml)|application\/[a-z0-9.+-]{1,64})$/.test(contentType) &&
    isText(body, 0, MAX_ANSWER_LENGTH) &&
    Object.keys(others).length === 0
  );
}
