// An application of somebody else that imports Posthorn, with classes of its own in the places left for them.
import { Module } from '@nestjs/common';
import type { INestApplication, LoggerService, ModuleMetadata, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PosthornModule } from '../../src/index.js';
import type { PosthornModuleExtras, PosthornOptions } from '../../src/index.js';
import { closedWithItsFile } from '../setup/left-open.js';
import { unhurried } from '../setup/unhurried.js';

export const ADMIN_KEY = 'admin-key-of-the-host-app';

/** What every application here is configured with. */
export const hostSettings = (databaseUrl: string): PosthornOptions => ({
  databaseUrl,
  databasePool: 5,
  encryptionKey: randomBytes(32).toString('base64'),
  adminApiKey: ADMIN_KEY,
  shutdownTimeout: '1s',
  allowHttp: true,
  allowNetworks: ['127.0.0.0/8'],
});

const opened = async (module: Type, logger: LoggerService | false = false): Promise<INestApplication> =>
  closedWithItsFile(await NestFactory.create(module, { logger, abortOnError: false }));

/** An application of these modules, before it listens. */
export function createHostOf(metadata: ModuleMetadata): Promise<INestApplication> {
  @Module(metadata)
  class HostModule {}
  return opened(HostModule);
}

/** The application, before it listens. It retries twice, at once, and never disables a webhook. */
export async function createHost(
  databaseUrl: string,
  extras: PosthornModuleExtras,
  logger: LoggerService | false = false,
  settings: PosthornOptions = {},
): Promise<INestApplication> {
  @Module({
    imports: [
      PosthornModule.forRootAsync({
        useFactory: () => ({
          ...hostSettings(databaseUrl),
          retrySchedule: ['10ms', '10ms'],
          autoDisable: false,
          circuitAfter: 0,
          ...settings,
        }),
        ...extras,
      }),
    ],
  })
  class HostModule {}
  return opened(HostModule, logger);
}

/**
 * Has it listen, and answers where.
 *
 * @param posthorn - The application that Posthorn is in, where that is another one.
 */
export async function listen(host: INestApplication, posthorn = host): Promise<string> {
  await host.listen(0, '127.0.0.1');
  const server = host.getHttpServer() as Server;
  unhurried(host, posthorn);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Calls its API as the administrator. */
export async function callHost<Body>(
  origin: string,
  method: string,
  route: string,
  body?: object,
  tenant = 'default',
): Promise<{ status: number; body: Body }> {
  const response = await fetch(origin + route, {
    method,
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json', 'x-tenant': tenant },
    body: body && JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Body };
}
