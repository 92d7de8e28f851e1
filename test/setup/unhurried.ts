// What a server under test gets beside its settings, so that a machine that is busy elsewhere changes none of its answers.
import type { INestApplication } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { Server } from 'node:http';
import type { DataSource } from 'typeorm';
import { DATA_SOURCE, TenantDatabase } from '../../src/platform/database/index.js';
import { poolOf } from '../../src/platform/database/database.js';

const PAUSE_MS = 60_000;

/**
 * For a server that listens.
 *
 * @param posthorn - The application that Posthorn is in, where that is mounted in the one that listens.
 */
export function unhurried(app: INestApplication, posthorn = app): void {
  // A kept connection is not closed just as the next request is sent on it.
  const server = app.getHttpServer() as Server;
  server.keepAliveTimeout = Math.max(server.keepAliveTimeout, PAUSE_MS);
  // A connection that is long in coming is no database that is away, and a tenant's turn no sign that it asks for too much: 503 both.
  const workers = posthorn.get<DataSource>(getDataSourceToken(DATA_SOURCE), { strict: false });
  const requests = posthorn.get(TenantDatabase, { strict: false })['requests'].dataSource;
  for (const { options } of [workers, requests].map(poolOf)) options.connectionTimeoutMillis = PAUSE_MS;
}
