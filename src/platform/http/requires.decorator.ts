import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension, ApiForbiddenResponse } from '@nestjs/swagger';
import { REQUIREMENT } from '../access/index.js';
import type { Requirement } from '../access/index.js';
import { ErrorAnswer } from './error-answer.js';

/** The scope that a route, or every route of a controller, asks of its caller. `ApiGuard` judges, OpenAPI tells. */
export const Requires = (requirement: Requirement): ClassDecorator & MethodDecorator =>
  applyDecorators(
    SetMetadata(REQUIREMENT, requirement),
    ApiExtension('x-required-scope', requirement),
    ...(requirement === 'installation' || requirement === 'caller'
      ? []
      : [
          ApiForbiddenResponse({
            type: ErrorAnswer,
            description: `\`insufficient_scope\`: it takes \`${requirement}\`.`,
          }),
        ]),
  );
