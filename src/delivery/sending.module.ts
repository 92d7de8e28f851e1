// What makes an application one that sends: with it, this process claims, sends, retries and replays, unless it only answers
// HTTP. Without it, what is dispatched waits in the table for a process that has it.
import { Inject, Module } from '@nestjs/common';
import type { DynamicModule, OnApplicationBootstrap } from '@nestjs/common';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { Relaying } from '../registry/index.js';
import { DeliveryEngine } from './delivery-engine.js';
import { Replayer } from './replay/replayer.js';
import { RetryProcessor } from './retry/retry.processor.js';
import { Rollup } from './stats/rollup.js';
import { Sweeper } from './sweeper.js';

@Module({})
export class SendingModule implements OnApplicationBootstrap {
  static register(parts: { platform: DynamicModule; registry: DynamicModule; delivery: DynamicModule }): DynamicModule {
    return {
      module: SendingModule,
      imports: [parts.platform, parts.registry, parts.delivery],
      providers: [RetryProcessor],
    };
  }

  constructor(
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
    private readonly engine: DeliveryEngine,
    private readonly sweeper: Sweeper,
    private readonly replayer: Replayer,
    private readonly rollup: Rollup,
    relaying: Relaying,
  ) {
    relaying.sending();
  }

  onApplicationBootstrap(): void {
    if (this.settings.role === 'api') return;
    this.engine.start();
    this.sweeper.start();
    this.replayer.start();
    this.rollup.start();
  }
}
