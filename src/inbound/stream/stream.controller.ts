import { Get, Headers, Query, Res } from '@nestjs/common';
import {
  ApiForbiddenResponse,
  ApiHeader,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiTooManyRequestsResponse,
} from '@nestjs/swagger';
import type { Principal } from '../../platform/access/index.js';
import { ApiController, CurrentAccess, CurrentPrincipal, ErrorAnswer, Requires } from '../../platform/http/index.js';
import { StreamQuery } from './dto/stream-query.js';
import { MAX_TENANT_STREAMS, StreamService } from './stream.service.js';

@ApiController('stream', 'Stream')
export class StreamController {
  constructor(private readonly streams: StreamService) {}

  @Get()
  @Requires('caller')
  @ApiOperation({
    summary: 'Follow what comes in, and what becomes of what is sent, as server-sent events',
    description:
      'Each received event is an event `received_event` (with `types`: `received`), whose data is that of the list and whose id is its own. `types` may add `attempt`s, deliveries that ended (`delivery`) and `operational` events. It takes the scope `sources:read` for received events, and `deliveries:read` for all others. It begins with what comes in after the answer has begun; with `Last-Event-ID`, after that, and what came in the ten seconds before it comes again: tell them apart by their ids. What takes longer than ten seconds to be stored may be missing; the list has it. A comment comes every 15 seconds.',
  })
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'The id that the reader got last.' })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({
    description: 'Lines that do not end.',
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  })
  @ApiForbiddenResponse({ type: ErrorAnswer, description: '`insufficient_scope`: it takes those of what is followed.' })
  @ApiNotFoundResponse({ type: ErrorAnswer, description: '`source_not_found`' })
  @ApiTooManyRequestsResponse({
    type: ErrorAnswer,
    description: `\`too_many_streams\`: a tenant reads at most ${MAX_TENANT_STREAMS} at a time from one process.`,
  })
  stream(
    @CurrentPrincipal() reader: Principal,
    @Query() { source, types }: StreamQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @CurrentAccess() stillAllowed: () => Promise<Principal>,
    @Res() response: object,
  ): Promise<void> {
    const { tenantId } = reader;
    return this.streams.stream({ tenantId, source, types, lastEventId, reader, stillAllowed }, response);
  }
}
