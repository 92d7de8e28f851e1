// What every controller of our API has in common, in one line, so that none can forget the guard.
import { applyDecorators, Controller, UseFilters, UseGuards, UsePipes, VERSION_NEUTRAL } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiBearerAuth,
  ApiHeader,
  ApiServiceUnavailableResponse,
  ApiTags,
  ApiTooManyRequestsResponse,
  ApiUnauthorizedResponse,
} from '@nestjs/swagger';
import { ApiGuard, ApiHostGuards } from '../access/index.js';
import { AnswerRoomGuard } from './answer-room.js';
import { ErrorAnswer } from './error-answer.js';
import { PosthornExceptionFilter } from './exception.filter.js';
import { JsonBodyGuard } from './json-body.guard.js';
import { RequestIdGuard } from './request-id.guard.js';
import { ApiValidationPipe } from './validation.pipe.js';

/**
 * A controller at `/api/<path>`: guarded, validated, its errors in our shape, documented under `tag`.
 *
 * The host's URI versioning does not move it, and nothing here reaches the host's own controllers.
 */
export const ApiController = (path: string, tag: string): ClassDecorator =>
  applyDecorators(
    Controller({ path: `api/${path}`, version: VERSION_NEUTRAL }),
    // In this order: who asks is settled before a byte of the body is read.
    UseGuards(RequestIdGuard, ApiHostGuards, ApiGuard, AnswerRoomGuard, JsonBodyGuard),
    UsePipes(ApiValidationPipe),
    UseFilters(PosthornExceptionFilter),
    ApiTags(tag),
    ApiBearerAuth(),
    ApiHeader({
      name: 'X-Tenant',
      required: false,
      description: 'The tenant that the admin key acts for.',
      schema: { type: 'string', default: 'default', pattern: '^[a-z0-9][a-z0-9_-]{0,62}$' },
    }),
    ApiBadRequestResponse({ type: ErrorAnswer, description: 'Malformed or invalid; `details` says what.' }),
    ApiUnauthorizedResponse({ type: ErrorAnswer, description: 'The API key is missing or unknown.' }),
    ApiTooManyRequestsResponse({
      type: ErrorAnswer,
      description: 'Too many requests, or too many wrong keys; `Retry-After` says when to come again.',
    }),
    ApiServiceUnavailableResponse({
      type: ErrorAnswer,
      description:
        'The database is away, or `too_busy`: too much is sent or asked for at once. `Retry-After` says when.',
    }),
  );
