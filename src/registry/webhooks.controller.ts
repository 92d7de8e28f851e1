import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
} from '@nestjs/swagger';
import type { Author } from '../platform/audit/index.js';
import {
  ApiController,
  ApiPageResponse,
  CurrentAuthor,
  CurrentTenant,
  EmptyBody,
  ErrorAnswer,
  PageQuery,
  Requires,
} from '../platform/http/index.js';
import type { Page } from '../platform/http/index.js';
import { OncePerKey } from '../platform/idempotency/index.js';
import type { IdempotentRequest } from '../platform/idempotency/index.js';
import { CreateWebhookDto } from './dto/create-webhook.dto.js';
import { UpdateWebhookDto } from './dto/update-webhook.dto.js';
import { CreatedWebhookDto, WebhookDto } from './dto/webhook.dto.js';
import { FILTER_EXAMPLE } from './dto/webhook-fields.js';
import { WebhookId, WebhookNotFound } from './webhook-id.decorator.js';
import { WebhooksService } from './webhooks.service.js';

// Without examples, "Try it out" would fill in every optional field, each of which says something.
const EXAMPLE = { url: 'https://shop.example/hooks', events: ['order.completed', 'invoice.*'] };

@ApiController('webhooks', 'Webhooks')
export class WebhooksController {
  constructor(private readonly webhooks: WebhooksService) {}

  @Post()
  @Requires('webhooks:write')
  @ApiOperation({
    summary: 'Register a webhook',
    description:
      'Refused URLs answer 400 with one of `Invalid URL`, `HTTPS required`, `URL not allowed`; a refused filter names each place that is wrong. The answer is the only one that shows the `secret`.',
  })
  @ApiBody({
    type: CreateWebhookDto,
    examples: {
      webhook: { value: EXAMPLE },
      'with a filter': { value: { ...EXAMPLE, filter: FILTER_EXAMPLE } },
    },
  })
  @ApiCreatedResponse({
    type: CreatedWebhookDto,
    description: 'The webhook, with the `secret` that verifies what it is sent.',
  })
  @ApiConflictResponse({ type: ErrorAnswer, description: '`quota_exceeded`' })
  create(
    @CurrentTenant() tenantId: string,
    @Body() webhook: CreateWebhookDto,
    @OncePerKey() request: IdempotentRequest | undefined,
    @CurrentAuthor() author: Author,
  ): Promise<WebhookDto> {
    return this.webhooks.create(tenantId, webhook, request, author);
  }

  @Get()
  @Requires('webhooks:read')
  @ApiOperation({ summary: 'List webhooks, newest first' })
  @ApiPageResponse(WebhookDto, 'A page of webhooks.')
  list(@CurrentTenant() tenantId: string, @Query() query: PageQuery): Promise<Page<WebhookDto>> {
    return this.webhooks.list(tenantId, query);
  }

  @Get(':id')
  @Requires('webhooks:read')
  @ApiOperation({ summary: 'One webhook' })
  @WebhookId()
  @ApiOkResponse({ type: WebhookDto, description: 'The webhook.' })
  @WebhookNotFound()
  get(@CurrentTenant() tenantId: string, @Param('id') id: string): Promise<WebhookDto> {
    return this.webhooks.get(tenantId, id);
  }

  @Patch(':id')
  @Requires('webhooks:write')
  @ApiOperation({
    summary: 'Change a webhook',
    description:
      'Absent fields stay as they are. `active` enables or disables it. A new URL is judged as at registration.',
  })
  @WebhookId()
  @ApiBody({
    type: UpdateWebhookDto,
    examples: {
      'other events': { value: { events: ['order.*'] } },
      'a filter': { value: { filter: FILTER_EXAMPLE } },
      'no filter any more': { value: { filter: null } },
    },
  })
  @ApiOkResponse({ type: WebhookDto, description: 'The webhook as it is now.' })
  @WebhookNotFound()
  update(
    @CurrentTenant() tenantId: string,
    @Param('id') id: string,
    @Body() change: UpdateWebhookDto,
    @CurrentAuthor() author: Author,
  ): Promise<WebhookDto> {
    return this.webhooks.update(tenantId, id, change, undefined, author);
  }

  @Delete(':id')
  @Requires('webhooks:write')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a webhook', description: 'Its waiting deliveries are skipped; its log stays.' })
  @WebhookId()
  @ApiNoContentResponse({ description: 'It is deleted.' })
  @WebhookNotFound()
  delete(@CurrentTenant() tenantId: string, @Param('id') id: string, @CurrentAuthor() author: Author): Promise<void> {
    return this.webhooks.delete(tenantId, id, author);
  }

  @Post(':id/enable')
  @Requires('webhooks:write')
  @HttpCode(202)
  @ApiOperation({ summary: 'Enable a webhook' })
  @WebhookId()
  @ApiAcceptedResponse({ type: WebhookDto, description: 'The webhook.' })
  @WebhookNotFound()
  enable(
    @CurrentTenant() tenantId: string,
    @Param('id') id: string,
    @Body() _body: EmptyBody,
    @OncePerKey() request: IdempotentRequest | undefined,
    @CurrentAuthor() author: Author,
  ): Promise<WebhookDto> {
    return this.webhooks.update(tenantId, id, { active: true }, request, author);
  }

  @Post(':id/disable')
  @Requires('webhooks:write')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Disable a webhook',
    description: 'Its waiting deliveries are skipped; they can be replayed.',
  })
  @WebhookId()
  @ApiAcceptedResponse({ type: WebhookDto, description: 'The webhook.' })
  @WebhookNotFound()
  disable(
    @CurrentTenant() tenantId: string,
    @Param('id') id: string,
    @Body() _body: EmptyBody,
    @OncePerKey() request: IdempotentRequest | undefined,
    @CurrentAuthor() author: Author,
  ): Promise<WebhookDto> {
    return this.webhooks.update(tenantId, id, { active: false }, request, author);
  }
}
