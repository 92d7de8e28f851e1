// The web page, served beside the API that it asks.
import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { DashboardController } from './dashboard.controller.js';

/** The web page at `/dashboard`: what was sent and received, and managing all of it. */
@Module({})
export class DashboardModule {
  /**
   * Beside the module whose routes it asks; both move together under a prefix.
   *
   * @param posthorn - The module as it stands among your imports: it knows who may frame the page (`frameAncestors`).
   * @example
   * const posthorn = PosthornModule.forRoot({ databaseUrl: 'postgres://…', encryptionKey: '…' });
   * // imports: [posthorn, DashboardModule.register(posthorn)]
   */
  static register(posthorn: DynamicModule): DynamicModule {
    return { module: DashboardModule, imports: [posthorn], controllers: [DashboardController] };
  }
}
