// `@nestjs/bullmq` starts a worker for every class under its own `@Processor`, on the host's connection, even for
// classes of a library. Ours therefore has a metadata key of its own, read by our QueueModule alone.
import { DiscoveryService } from '@nestjs/core';

/** Marks a `WorkerHost` as the consumer of one of our queues. */
export const Processor = DiscoveryService.createDecorator<{
  readonly queue: string;
  /** Jobs processed at once in this process. */
  readonly concurrency: number;
}>();
