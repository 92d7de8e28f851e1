// The webhook in a route's path, as the API describes it.
import { ApiNotFoundResponse, ApiParam } from '@nestjs/swagger';
import { ErrorAnswer } from '../platform/http/index.js';

export const WebhookId = (): MethodDecorator => ApiParam({ name: 'id', format: 'uuid', description: 'The webhook.' });

export const WebhookNotFound = (): MethodDecorator =>
  ApiNotFoundResponse({ type: ErrorAnswer, description: 'No such webhook in this tenant.' });
