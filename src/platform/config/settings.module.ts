// Turns what a host passes to `forRoot` into validated settings that every module injects.
import { ConfigurableModuleBuilder, Module } from '@nestjs/common';
import type { DatabaseConnection } from '../database/connection.js';
import { readSettings, SettingsError } from './settings.js';
import type { Settings, SettingsInput } from './settings.js';

/** Injects the validated `Settings`. */
export const SETTINGS_TOKEN = Symbol('posthorn.settings');

/** Injects the `DatabaseConnection`. */
export const CONNECTION_TOKEN = Symbol('posthorn.connection');

/** What a host gives: any setting under its option name, and where PostgreSQL is, unless `databaseUrl` says it. */
export interface PosthornOptions extends SettingsInput {
  /** A connection that is not a URL, such as the socket of an embedded PostgreSQL. Takes precedence over `databaseUrl`. */
  readonly connection?: DatabaseConnection;
}

const definition = new ConfigurableModuleBuilder<PosthornOptions>().setClassMethodName('forRoot').build();

/** Options of `forRootAsync`: `useFactory`, `useClass` or `useExisting`, with `imports` and `inject`. */
export type PosthornAsyncOptions = typeof definition.ASYNC_OPTIONS_TYPE;

@Module({
  providers: [
    {
      provide: SETTINGS_TOKEN,
      inject: [definition.MODULE_OPTIONS_TOKEN],
      useFactory: ({ connection: _, ...input }: PosthornOptions): Settings => readSettings(input),
    },
    {
      provide: CONNECTION_TOKEN,
      inject: [definition.MODULE_OPTIONS_TOKEN],
      useFactory: ({ connection, databaseUrl }: PosthornOptions): DatabaseConnection => {
        if (connection) return connection;
        if (databaseUrl) return { url: databaseUrl };
        throw new SettingsError('Posthorn needs PostgreSQL: give databaseUrl, or a connection.');
      },
    },
  ],
  exports: [SETTINGS_TOKEN, CONNECTION_TOKEN],
})
export class SettingsModule extends definition.ConfigurableModuleClass {}
