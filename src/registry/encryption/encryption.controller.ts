import { Body, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiNotFoundResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { Author } from '../../platform/audit/index.js';
import {
  ApiController,
  CurrentAuthor,
  EmptyBody,
  EmptyQuery,
  ErrorAnswer,
  Requires,
} from '../../platform/http/index.js';
import { OncePerKey } from '../../platform/idempotency/index.js';
import type { IdempotentRequest } from '../../platform/idempotency/index.js';
import { ReEncryptedDto, SealedStateDto } from './re-encrypted.dto.js';
import { ReEncryption } from './re-encryption.js';

@Requires('installation')
@ApiController('encryption', 'Encryption')
@ApiNotFoundResponse({ type: ErrorAnswer, description: 'The key is not the administrator’s.' })
export class EncryptionController {
  constructor(private readonly encryption: ReEncryption) {}

  @Get()
  @ApiOperation({
    summary: 'Show how many secrets are under the first encryption key',
    description: 'Of all tenants. Asked while they are sealed anew, it tells how far that is.',
  })
  @ApiOkResponse({
    type: SealedStateDto,
    description: 'How many secrets are under the first key, and how many are not.',
  })
  show(@Query() _query: EmptyQuery): Promise<SealedStateDto> {
    return this.encryption.read();
  }

  @Post('re-encrypt')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Seal every secret under the first encryption key',
    description:
      'Of all tenants. After it, with nothing unreadable, the keys behind the first may be dropped from `ENCRYPTION_KEY`. May be ' +
      'asked again at any time.',
  })
  @ApiOkResponse({ type: ReEncryptedDto, description: 'How many secrets were sealed anew.' })
  reEncrypt(
    @Body() _body: EmptyBody,
    @OncePerKey() request: IdempotentRequest | undefined,
    @CurrentAuthor() author: Author,
  ): Promise<ReEncryptedDto> {
    return this.encryption.run(author, request);
  }
}
