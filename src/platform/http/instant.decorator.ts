import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsISO8601, Matches } from 'class-validator';
import { IfPresent } from './if-present.decorator.js';

// PostgreSQL also takes `now`, `infinity` and the year 300000; people mean a date, or an instant with its zone.
const INSTANT = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** An optional moment: `2026-11-23` (midnight UTC) or `2026-11-23T10:00:00Z`. */
export const Instant = (description: string, example?: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: String, format: 'date-time', description, ...(example && { example }) }),
    IfPresent(),
    IsISO8601({ strict: true }),
    Matches(INSTANT, { message: '$property must be a date, or an instant with its zone' }),
  );

/** The moment that a text checked by {@link Instant} stands for. */
export const momentOf = (text: string | undefined): Date | undefined =>
  text === undefined ? undefined : new Date(text);
