import { Get, Query } from '@nestjs/common';
import { ApiNotFoundResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { systemClock } from '../../kernel/clock.js';
import { StorageReport } from '../../platform/database/index.js';
import { ApiController, EmptyQuery, ErrorAnswer, Requires } from '../../platform/http/index.js';
import { StorageDto } from './dto/storage.dto.js';

@Requires('installation')
@ApiController('storage', 'Storage')
@ApiNotFoundResponse({ type: ErrorAnswer, description: 'The key is not the administrator’s.' })
export class StorageController {
  constructor(private readonly report: StorageReport) {}

  @Get()
  @ApiOperation({
    summary: 'Show how much of the log is kept',
    description:
      'Events, deliveries and what was received lie in one partition per day and table. A day that is past the retention is ' +
      'dropped within minutes, unless something in it is still to be sent or handled.',
  })
  @ApiOkResponse({ type: StorageDto, description: 'Each table, its size, and from when on it is kept.' })
  async show(@Query() _query: EmptyQuery): Promise<StorageDto> {
    return { retentionMs: this.report.retentionMs, tables: await this.report.read(systemClock()) };
  }
}
