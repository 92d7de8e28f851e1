import { Get, Headers, Query, Res } from '@nestjs/common';
import {
  ApiHeader,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiTooManyRequestsResponse,
} from '@nestjs/swagger';
import { ApiController, CurrentAccess, CurrentTenant, ErrorAnswer, Requires } from '../../platform/http/index.js';
import { StreamQuery } from './dto/stream-query.js';
import { MAX_TENANT_STREAMS, StreamService } from './stream.service.js';

@ApiController('stream', 'Stream')
export class StreamController {
  constructor(private readonly streams: StreamService) {}

  @Get()
  @Requires('sources:read')
  @ApiOperation({
    summary: 'Follow what comes in, as server-sent events',
    description:
      'Each received event is an event `received_event`, whose data is that of the list and whose id is its own. It begins with what comes in after the answer has begun; with `Last-Event-ID`, after that, and what came in the ten seconds before it comes again: tell them apart by their ids. What takes longer than ten seconds to be stored may be missing; the list has it. A comment comes every 15 seconds.',
  })
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'The id that the reader got last.' })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({
    description: 'Lines that do not end.',
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  })
  @ApiNotFoundResponse({ type: ErrorAnswer, description: '`source_not_found`' })
  @ApiTooManyRequestsResponse({
    type: ErrorAnswer,
    description: `\`too_many_streams\`: a tenant reads at most ${MAX_TENANT_STREAMS} at a time from one process.`,
  })
  stream(
    @CurrentTenant() tenantId: string,
    @Query() { source }: StreamQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @CurrentAccess() stillAllowed: () => Promise<void>,
    @Res() response: object,
  ): Promise<void> {
    return this.streams.stream({ tenantId, source, lastEventId, stillAllowed }, response);
  }
}
