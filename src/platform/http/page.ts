// Lists: newest first, by id (ids are UUIDv7, so that is by time), continued from the last id seen. Rows that arrive in
// the meantime neither shift nor repeat anything, whatever the depth.
import { applyDecorators } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, IsString, Max, Min } from 'class-validator';
import { InvalidError } from '../../kernel/errors.js';
import { isId } from '../../kernel/ids.js';
import { IfPresent } from './if-present.decorator.js';

export const DEFAULT_PAGE_SIZE = 50;
export const MAX_PAGE_SIZE = 250;

/** The parameters of every list; a list with filters extends it. */
export class PageQuery {
  @ApiPropertyOptional({
    type: Number,
    description: 'How many a page has at most.',
    minimum: 1,
    maximum: MAX_PAGE_SIZE,
    default: DEFAULT_PAGE_SIZE,
  })
  // Number() alone would take '', ' 7 ', '1e2' and '0x10'.
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' && /^\d{1,9}$/.test(value) ? +value : value))
  @IsInt()
  @Min(1)
  @Max(MAX_PAGE_SIZE)
  limit: number = DEFAULT_PAGE_SIZE;

  @ApiPropertyOptional({ type: String, description: '`nextCursor` of the page before.' })
  @IfPresent()
  @IsString()
  cursor?: string;
}

/** One page of a list. */
export interface Page<T> {
  data: T[];
  /** Gives the next page as `?cursor=`; null on the last one, and there alone: a page may be short before. */
  nextCursor: string | null;
}

/**
 * A page from one row more than it shows: the extra row only says that there is a next page.
 *
 * @param rows - Newest first, at most `limit + 1` of them.
 * @param lookedTo - Where there are fewer: the id at which looking for more stopped, though there may be more.
 */
export function pageOf<T>(rows: readonly T[], limit: number, idOf: (row: T) => string, lookedTo?: string): Page<T> {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  const goesOnBelow = rows.length > limit && last !== undefined ? idOf(last) : lookedTo;
  return { data, nextCursor: goesOnBelow === undefined ? null : encodeCursor(goesOnBelow) };
}

const encodeCursor = (id: string): string => Buffer.from(id).toString('base64url');

/**
 * The id that a cursor stands for: the page goes on below it. It limits nothing by itself, so a query must be limited
 * to the tenant with a cursor as without.
 *
 * @param isValidId - What an id looks like, for lists of things whose id is no UUID.
 * @throws InvalidError `invalid_cursor` for anything that {@link pageOf} did not make.
 */
export function cursorId(cursor: string | undefined, isValidId: (id: string) => boolean = isId): string | undefined {
  if (cursor === undefined) return undefined;
  const id = Buffer.from(cursor, 'base64url').toString('latin1');
  // Encoding again refuses the other spellings (padding, stray characters) that the decoder puts up with.
  if (!isValidId(id) || encodeCursor(id) !== cursor)
    throw new InvalidError('invalid_cursor', 'The cursor is not one that a list gave out.');
  return id;
}

/** Documents a list's answer. */
export const ApiPageResponse = (model: Type, description: string): MethodDecorator =>
  applyDecorators(
    ApiExtraModels(model),
    ApiOkResponse({
      description,
      schema: {
        type: 'object',
        required: ['data', 'nextCursor'],
        properties: {
          data: { type: 'array', items: { $ref: getSchemaPath(model) } },
          nextCursor: {
            type: 'string',
            nullable: true,
            description: 'Null on the last page; a page may be short before it.',
          },
        },
      },
    }),
  );
