// Refusals in the description of the API, each as its route answers it: by the status, and by what the description of the
// answer names. Without this every one of them would show the example of their schema, a 503 as a wrong field.
import type { OpenAPIObject } from '@nestjs/swagger';
import { NotFoundError } from '../../kernel/errors.js';
import { ErrorAnswer } from './error-answer.js';

type Example = Pick<ErrorAnswer, 'error' | 'code' | 'details'>;

const REQUEST_ID = '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d';

const EXAMPLES: Readonly<Record<string, Example>> = {
  400: {
    error: 'The request is not valid.',
    code: 'validation_failed',
    details: ['limit must not be greater than 250'],
  },
  401: { error: 'Send a valid API key as Authorization: Bearer <key>.', code: 'unauthenticated' },
  413: { error: 'The body may have at most 1048576 bytes.', code: 'payload_too_large' },
  422: {
    error: 'The data does not meet the schema of its event type.',
    code: 'schema_mismatch',
    details: ['data/total must be number'],
  },
  429: { error: 'Too many requests of this tenant; slow down.', code: 'rate_limited' },
  503: { error: 'The database is not available at the moment.', code: 'unavailable' },
};

const MISMATCH: Example = {
  error: 'This idempotency key was used for a different request.',
  code: 'idempotency_mismatch',
};

interface Answer {
  readonly description?: string;
  readonly content?: Record<string, { schema?: object; example?: unknown }>;
}

/** Gives every refusal that the document describes an example of its own. */
export function addRefusalExamples({ paths }: OpenAPIObject): void {
  for (const path of Object.values(paths)) {
    for (const operation of Object.values(path) as { responses?: Record<string, Answer> }[]) {
      for (const [status, { description = '', content }] of Object.entries(operation.responses ?? {})) {
        const json = content?.['application/json'];
        if (!json || !('$ref' in (json.schema ?? {})) || Number(status) < 400) continue;
        json.example = { ...exampleOf(status, description), requestId: REQUEST_ID };
      }
    }
  }
}

function exampleOf(status: string, description: string): Example {
  const noun = /^No such ([a-z ]+?)(?: in this tenant|,|\.)/.exec(description)?.[1];
  if (noun) {
    const { message: error, code } = new NotFoundError(noun);
    return { error, code };
  }
  const scope = /it takes `([a-z:-]+)`/.exec(description)?.[1];
  if (scope)
    return { error: `This takes the scope ${scope}, which the caller does not have.`, code: 'insufficient_scope' };
  if (description.includes(MISMATCH.code)) return MISMATCH;
  const known = EXAMPLES[status];
  if (known) return known;
  const code = /`([a-z_]+)`/.exec(description)?.[1] ?? (status === '409' ? MISMATCH.code : 'not_found');
  return code === MISMATCH.code ? MISMATCH : { error: 'One sentence that says why.', code };
}
