// The fields that say how deliveries are tried again and when a webhook is given up, each with its rule and its
// documentation: the same for a webhook and for a tenant. Null gives the say to the less specific one.
import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsNumber, IsOptional, Max, Min } from 'class-validator';
import { parseAutoDisable } from '../../kernel/auto-disable.js';
import type { AutoDisableRule } from '../../kernel/auto-disable.js';
import { MAX_STATUS_RULES, parseRetriedStatuses } from '../../kernel/retried-statuses.js';
import { MAX_RETRIES, MAX_RETRY_WAIT_MS, NAMED_SCHEDULES, parseRetrySchedule } from '../../kernel/retry-schedule.js';
import type { RetrySchedule } from '../../kernel/retry-schedule.js';
import { Rule } from './rule.decorator.js';

const MIN_TIMEOUT_MS = 100;
const MAX_TIMEOUT_MS = 120_000;
const MIN_RETRY_WAIT_MS = 100;

/** How a client writes a retry schedule: a name, or waits. */
export type RetryScheduleInput = string | string[];

/** How a client writes when a webhook is disabled that only fails. */
export type AutoDisableInput = { after: string; attempts: number } | false;

const NULL = 'Null: the tenant’s, else the installation’s.';

export const TimeoutField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: 'integer',
      nullable: true,
      minimum: MIN_TIMEOUT_MS,
      maximum: MAX_TIMEOUT_MS,
      description: `Deadline of one attempt. ${NULL}`,
      example: 10_000,
    }),
    IsOptional(),
    IsInt(),
    Min(MIN_TIMEOUT_MS),
    Max(MAX_TIMEOUT_MS),
  );

export const RetryScheduleField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      nullable: true,
      oneOf: [
        { type: 'string', enum: [...NAMED_SCHEDULES.keys()] },
        { type: 'array', items: { type: 'string' }, maxItems: MAX_RETRIES },
      ],
      description: `Waits before each retry, or the name of a schedule. ${NULL}`,
      example: ['1s', '5s', '30s'],
    }),
    IsOptional(),
    Rule(
      'isRetrySchedule',
      `must be ${[...NAMED_SCHEDULES.keys()].join(', ')}, or a list of at most ${MAX_RETRIES} durations up to 7d, such as 30s`,
      (value) => readRetrySchedule(value) !== undefined,
    ),
  );

export const RetryJitterField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: Number,
      nullable: true,
      minimum: 0,
      maximum: 1,
      description: `Share by which a wait is stretched or shrunk at random. ${NULL}`,
      example: 0.2,
    }),
    IsOptional(),
    IsNumber(),
    Min(0),
    Max(1),
  );

export const MaxRetryWaitField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: 'integer',
      nullable: true,
      minimum: MIN_RETRY_WAIT_MS,
      maximum: MAX_RETRY_WAIT_MS,
      description: `Longest wait before a retry, by the schedule and by \`Retry-After\` alike. ${NULL}`,
      example: 86_400_000,
    }),
    IsOptional(),
    IsInt(),
    Min(MIN_RETRY_WAIT_MS),
    Max(MAX_RETRY_WAIT_MS),
  );

export const RetryStatusesField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: [String],
      nullable: true,
      maxItems: MAX_STATUS_RULES,
      description: `Answers that are tried again, all others but 2xx being final: statuses (\`404\`), classes (\`5xx\`), ranges (\`520-526\`), \`default\` (\`3xx\`, \`408\`, \`425\`, \`429\`, \`500-999\`); \`!\` in front takes out. \`410\` is listed by itself alone. ${NULL}`,
      example: ['default', '404', '!501'],
    }),
    IsOptional(),
    Rule(
      'isRetriedStatuses',
      `must be a list of at most ${MAX_STATUS_RULES} statuses from 300 to 999, classes such as 5xx, ranges such as 520-526, or default, each with ! in front to take out`,
      (value) => isTexts(value) && parseRetriedStatuses(value) !== undefined,
    ),
  );

export const AutoDisableField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      nullable: true,
      oneOf: [
        {
          type: 'object',
          required: ['after', 'attempts'],
          additionalProperties: false,
          properties: { after: { type: 'string' }, attempts: { type: 'integer', minimum: 1, maximum: 999_999 } },
        },
        { type: 'boolean', enum: [false] },
      ],
      description: `A webhook that has only failed for this long and this many attempts is disabled; false: never. ${NULL}`,
      example: { after: '5d', attempts: 20 },
    }),
    IsOptional(),
    Rule(
      'isAutoDisable',
      'must be false, or an object of after, a duration such as 5d, and attempts, a whole number from 1 to 999999',
      (value) => readAutoDisable(value) !== undefined,
    ),
  );

/** The schedule that a client wrote; `undefined` where it is none. */
export function readRetrySchedule(input: unknown): RetrySchedule | undefined {
  // `constructor` and its like are names that every object has.
  if (typeof input === 'string') return input in {} ? undefined : parseRetrySchedule(input);
  return isTexts(input) ? parseRetrySchedule(input) : undefined;
}

/** The rule that a client wrote; `undefined` where it is none. */
export function readAutoDisable(input: unknown): AutoDisableRule | false | undefined {
  if (input === false) return false;
  if (typeof input !== 'object' || input === null || Object.keys(input).sort().join() !== 'after,attempts')
    return undefined;
  const { after, attempts } = input as Record<string, unknown>;
  return typeof after === 'string' && typeof attempts === 'number'
    ? parseAutoDisable(`${after},${attempts}`)
    : undefined;
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((entry): entry is string => typeof entry === 'string');
