import { createParamDecorator, UseInterceptors } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { ApiConflictResponse, ApiHeader } from '@nestjs/swagger';
import { ErrorAnswer } from '../http/index.js';
import { idempotentRequestOf, OncePerKeyInterceptor } from './once-per-key.interceptor.js';

/** What descriptions say of a secret in an answer. */
export const NOT_REPEATED = 'absent from the answer to a repeated `Idempotency-Key`';

/**
 * Makes a route take `Idempotency-Key`. What it passes in (`IdempotentRequest | undefined`) goes to the transaction of the
 * work: {@link IdempotencyLedger.run} or {@link IdempotencyLedger.within}. A repeat is answered with what that remembered: it must
 * be the whole answer, and hold no secret.
 */
export const OncePerKey = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => idempotentRequestOf(context.switchToHttp().getRequest<object>()),
  [
    (target, name) => {
      const method = name && Object.getOwnPropertyDescriptor(target, name);
      if (!method) throw new Error('@OncePerKey() belongs on a parameter of a route.');
      UseInterceptors(OncePerKeyInterceptor)(target, name, method);
      ApiHeader({
        name: 'Idempotency-Key',
        required: false,
        description:
          'The same key and request within 24 hours are answered as the first time, without secrets, and done once. ' +
          'For another request it is a conflict.',
        schema: { type: 'string', minLength: 1, maxLength: 255 },
      })(target, name, method);
      // A route that has conflicts of its own tells of them instead.
      ApiConflictResponse({
        type: ErrorAnswer,
        description: '`idempotency_mismatch`: the key was used for another request.',
      })(target, name, method);
    },
  ],
);
