// Our queues and their processors, wired as Nest developers know them: `@InjectQueue(name)` injects, `@Processor` consumes.
import { getQueueToken, WorkerHost } from '@nestjs/bullmq';
import { Inject, Injectable, Module } from '@nestjs/common';
import type { DynamicModule, FactoryProvider, OnApplicationBootstrap } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService } from '@nestjs/core';
import type { Queue } from 'bullmq';
import { CONNECTION_TOKEN, SETTINGS_TOKEN } from '../config/settings.module.js';
import type { Settings } from '../config/settings.js';
import type { DatabaseConnection } from '../database/connection.js';
import { Processor } from './processor.decorator.js';
import { QueueReport } from './queue-report.js';
import { migrateQueues, Queues, queueSchema } from './queues.js';

/** The provider behind `@InjectQueue(name)`. */
export const queueProvider = (name: string): FactoryProvider<Queue> => ({
  provide: getQueueToken(name),
  inject: [Queues],
  useFactory: (queues: Queues) => queues.openQueue(name),
});

/** Starts a worker for every `@Processor`, once the application is ready and unless this process only answers HTTP. */
@Injectable()
class ProcessorExplorer implements OnApplicationBootstrap {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly queues: Queues,
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
  ) {}

  onApplicationBootstrap(): void {
    if (this.settings.role === 'api') return;
    for (const wrapper of this.discovery.getProviders({ metadataKey: Processor.KEY })) {
      const options = this.discovery.getMetadataByDecorator(Processor, wrapper);
      const host: unknown = wrapper.instance;
      if (!options || !(host instanceof WorkerHost))
        throw new Error(`${wrapper.name} is a @Processor and must extend WorkerHost.`);
      void this.queues
        .openWorker(options.queue, (job, token) => host.process(job, token) as Promise<unknown>, options.concurrency)
        .run();
    }
  }
}

@Module({})
export class QueueModule {
  static register(settings: DynamicModule): DynamicModule {
    return {
      module: QueueModule,
      imports: [settings, DiscoveryModule],
      providers: [
        {
          provide: Queues,
          inject: [CONNECTION_TOKEN, SETTINGS_TOKEN],
          useFactory: async (connection: DatabaseConnection, settings: Settings): Promise<Queues> => {
            if (!settings.redisUrl) await migrateQueues(connection, queueSchema(settings));
            return new Queues(connection, settings);
          },
        },
        QueueReport,
        ProcessorExplorer,
      ],
      exports: [Queues, QueueReport],
    };
  }
}
