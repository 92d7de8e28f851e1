import { Body, Delete, HttpCode, Param, Post } from '@nestjs/common';
import {
  ApiBody,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiNotFoundResponse,
  ApiOperation,
  ApiParam,
} from '@nestjs/swagger';
import type { Author } from '../platform/audit/index.js';
import { ApiController, CurrentAuthor, CurrentTenant, ErrorAnswer, Requires } from '../platform/http/index.js';
import { OncePerKey } from '../platform/idempotency/index.js';
import type { IdempotentRequest } from '../platform/idempotency/index.js';
import { CreatedSecretDto, SigningSecretDto } from './dto/secret.dto.js';
import { RotateSecretDto } from './dto/signing-secret.dto.js';
import { WebhookId, WebhookNotFound } from './webhook-id.decorator.js';
import { WebhookSecretsService } from './webhook-secrets.service.js';

@ApiController('webhooks', 'Webhooks')
export class WebhookSecretsController {
  constructor(private readonly secrets: WebhookSecretsService) {}

  @Post(':id/secrets')
  @Requires('webhooks:write')
  @ApiOperation({
    summary: 'Rotate the signing secret',
    description:
      'The old secrets sign along for 24 hours, or as long as asked, so that a receiver can change over without a gap. A scheme ' +
      'may change with it.',
  })
  @WebhookId()
  // Without an example, "Try it out" would sign with the secret that the description of the field shows to everybody.
  @ApiBody({
    type: RotateSecretDto,
    required: false,
    examples: {
      'a new secret': { value: {} },
      'the old ones end sooner': { value: { expireOthersAfter: '1h' } },
    },
  })
  @ApiCreatedResponse({ type: CreatedSecretDto, description: 'The new secret, which only this answer shows.' })
  @WebhookNotFound()
  @ApiConflictResponse({ type: ErrorAnswer, description: '`too_many_secrets`' })
  rotate(
    @CurrentTenant() tenantId: string,
    @Param('id') id: string,
    @Body() secret: RotateSecretDto,
    @OncePerKey() request: IdempotentRequest | undefined,
    @CurrentAuthor() author: Author,
  ): Promise<SigningSecretDto> {
    return this.secrets.rotate(tenantId, id, secret, request, author);
  }

  @Delete(':id/secrets/:secretId')
  @Requires('webhooks:write')
  @HttpCode(204)
  @ApiOperation({ summary: 'Retire a secret now', description: 'Retiring the newest one undoes the rotation.' })
  @WebhookId()
  @ApiParam({ name: 'secretId', format: 'uuid', description: 'One of its live secrets.' })
  @ApiNoContentResponse({ description: 'It is retired.' })
  @ApiNotFoundResponse({ type: ErrorAnswer, description: 'No such webhook in this tenant, or no such live secret.' })
  @ApiConflictResponse({ type: ErrorAnswer, description: '`last_secret`: it is the only one left.' })
  retire(
    @CurrentTenant() tenantId: string,
    @Param('id') id: string,
    @Param('secretId') secretId: string,
    @CurrentAuthor() author: Author,
  ): Promise<void> {
    return this.secrets.retire(tenantId, id, secretId, author);
  }
}
