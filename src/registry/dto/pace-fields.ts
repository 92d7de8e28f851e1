// The fields that say how fast, how many at once and in which order a webhook is sent to, each with its rule and its
// documentation.
import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsInt, IsOptional, Max, Min } from 'class-validator';
import { IfPresent } from '../../platform/http/index.js';
import { Rule } from './rule.decorator.js';

const MAX_MAX_IN_FLIGHT = 1_000;
const MAX_RATE = 100_000;
const MAX_RATE_SECONDS = 86_400;

/** How a client writes a rate limit, and how it is shown. */
export interface RateLimit {
  max: number;
  perSeconds: number;
}

/** Requests in flight at once. */
export const MaxInFlightField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: 'integer',
      nullable: true,
      minimum: 1,
      maximum: MAX_MAX_IN_FLIGHT,
      description:
        'Requests in flight at most, from all workers together. Null: a quarter of what each worker may have.',
      example: 10,
    }),
    IsOptional(),
    IsInt(),
    Min(1),
    Max(MAX_MAX_IN_FLIGHT),
  );

/** The schema of a rate limit in OpenAPI. */
export const RATE_LIMIT_SCHEMA = {
  type: 'object',
  nullable: true,
  required: ['max', 'perSeconds'],
  properties: {
    max: { type: 'integer', minimum: 1, maximum: MAX_RATE },
    perSeconds: { type: 'integer', minimum: 1, maximum: MAX_RATE_SECONDS },
  },
  additionalProperties: false,
} as const;

/** How often something may happen in any so many seconds. */
export const RateLimitField = (what: string, description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      ...RATE_LIMIT_SCHEMA,
      required: [...RATE_LIMIT_SCHEMA.required],
      description,
      example: { max: 100, perSeconds: 60 },
    }),
    IsOptional(),
    Rule(
      'isRateLimit',
      `must be { max, perSeconds }: 1 to ${MAX_RATE} ${what} in 1 to ${MAX_RATE_SECONDS} seconds`,
      isRateLimit,
    ),
  );

export const OrderedField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: Boolean,
      default: false,
      description:
        'Deliveries of events with the same `orderingKey`, or with none, go one after the other: the next is sent when ' +
        'the one before is final. Holds for events dispatched from then on.',
    }),
    IfPresent(),
    IsBoolean(),
  );

const isInteger = (value: unknown, max: number): boolean =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= max;

function isRateLimit(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { max, perSeconds, ...others } = value as Partial<RateLimit>;
  return isInteger(max, MAX_RATE) && isInteger(perSeconds, MAX_RATE_SECONDS) && Object.keys(others).length === 0;
}
