import { Get, Query } from '@nestjs/common';
import { ApiNotFoundResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { ApiController, EmptyQuery, ErrorAnswer, Requires } from '../../platform/http/index.js';
import { QueueReport } from '../../platform/queue/index.js';
import { QueuesDto } from './dto/queue.dto.js';

@Requires('installation')
@ApiController('queues', 'Queues')
@ApiNotFoundResponse({ type: ErrorAnswer, description: 'The key is not the administrator’s.' })
export class QueuesController {
  constructor(private readonly report: QueueReport) {}

  @Get()
  @ApiOperation({
    summary: 'Show how the queues stand',
    description:
      'Jobs are hints that a row’s time has come. Losing them loses nothing, and a queue that does not answer costs a few ' +
      'seconds: what is due is looked for as well.',
  })
  @ApiOkResponse({ type: QueuesDto, description: 'Each queue, and what waits in it.' })
  async show(@Query() _query: EmptyQuery): Promise<QueuesDto> {
    const states = await this.report.read();
    return {
      backend: this.report.backend,
      data: [...states].map(([name, state = null]) => ({ name, state })),
    };
  }
}
