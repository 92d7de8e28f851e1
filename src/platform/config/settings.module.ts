// Turns what a host passes to `forRoot` into validated settings that every module injects.
import { ConfigurableModuleBuilder, Module } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
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

/** Injects what the host gave, unread. */
export const OPTIONS_TOKEN = definition.MODULE_OPTIONS_TOKEN;

/** Options of `forRootAsync`: `useFactory`, `useClass` or `useExisting`, with `imports` and `inject`. */
export type PosthornAsyncOptions = typeof definition.ASYNC_OPTIONS_TYPE;

@Module({
  providers: [
    {
      provide: SETTINGS_TOKEN,
      inject: [OPTIONS_TOKEN, ModulesContainer],
      useFactory: settingsOf,
    },
    {
      provide: CONNECTION_TOKEN,
      inject: [OPTIONS_TOKEN],
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

/** @throws SettingsError */
export function settingsOf({ connection: _, ...input }: PosthornOptions, modules: ModulesContainer): Settings {
  refuseOthers(modules);
  return readSettings(input);
}

/** Two sets of settings in one application would be two pools, two engines, and every route twice. */
function refuseOthers(modules: ModulesContainer): void {
  const count = [...modules.values()].filter(({ metatype }) => metatype === SettingsModule).length;
  if (count > 1)
    throw new SettingsError(
      `Posthorn is configured ${count} times in one application. Give every Posthorn module the same options object, or import PosthornModule once.`,
    );
}
