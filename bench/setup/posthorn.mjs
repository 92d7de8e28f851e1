// Posthorn on a database: as an application context that dispatches, and as processes of `node dist/main.js`.
import 'reflect-metadata';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../../dist/app.module.js';
import { EventDispatcher } from '../../dist/outbound/index.js';
import { Database } from '../../dist/platform/database/index.js';
import { WebhooksService } from '../../dist/registry/index.js';
import { root } from '../../scripts/ensure.mjs';
import { withClient } from './database.mjs';

export const ADMIN_KEY = randomBytes(24).toString('base64url');
/** Longer than any history, so that no process drops what a benchmark has made. */
const KEEP = '365d';
const ENCRYPTION_KEY = randomBytes(32).toString('base64');

/** Runs `work` with an application that stores events, and by its default role sends none: that is for processes of their own. */
export async function withDispatcher({ url: databaseUrl, role = 'api' }, work) {
  const app = await NestFactory.createApplicationContext(
    AppModule.register({
      databaseUrl,
      role,
      encryptionKey: ENCRYPTION_KEY,
      retention: KEEP,
      allowHttp: true,
      allowNetworks: ['127.0.0.0/8'],
    }),
    { logger: ['warn', 'error'], abortOnError: false },
  );
  const find = (token) => app.get(token, { strict: false });
  const database = find(Database);
  try {
    return await work({
      find,
      database,
      dispatcher: find(EventDispatcher),
      createWebhook: (tenant, url, events) => find(WebhooksService).create(tenant, { url, events }),
      /** Resolves once nothing of these webhooks waits any more. */
      delivered: (webhookIds) => untilDelivered(databaseUrl, database.tables, webhookIds),
    });
  } finally {
    await app.close();
  }
}

/**
 * Asks every 20 ms. One index look-up for each webhook and status, planned once: planned anew each time, the question took
 * a third of PostgreSQL where there are many partitions. The order is that of the index, for PostgreSQL may take looking
 * through all for quick where another has them.
 */
async function untilDelivered(url, tables, webhookIds) {
  const waiting = [
    `(SELECT FROM ${tables.delivery} WHERE webhook_id BETWEEN w.id AND w.id AND status = 'pending'
      ORDER BY webhook_id DESC, id LIMIT 1)`,
    ...['sending', 'retrying'].map(
      (status) => `SELECT FROM ${tables.delivery} WHERE webhook_id = w.id AND status = '${status}'`,
    ),
  ];
  const question = {
    name: 'waiting',
    text: `SELECT FROM unnest($1::uuid[]) AS w (id) WHERE EXISTS (${waiting.join(' UNION ALL ')}) LIMIT 1`,
    values: [webhookIds],
  };
  await withClient({ url }, async (client) => {
    await client.query('SET plan_cache_mode = force_generic_plan');
    while ((await client.query(question)).rowCount > 0) await delay(20);
  });
}

/** Runs `work` with a process of the server in a role; what it says on its error output is shown. */
export async function withProcess({ url: databaseUrl, role, env = {}, node = [] }, work) {
  const child = spawn(process.execPath, [...node, path.join(root, 'dist', 'main.js')], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      DATABASE_URL: databaseUrl,
      ROLE: role,
      PORT: '0',
      RETENTION: KEEP,
      LOG_LEVEL: 'error',
      ENCRYPTION_KEY,
      ADMIN_API_KEY: ADMIN_KEY,
      ALLOW_HTTP: 'true',
      ALLOW_NETWORKS: '127.0.0.0/8',
      SHUTDOWN_TIMEOUT: '1s',
      ...env,
    },
  });
  const ended = once(child, 'exit');
  try {
    const url = await new Promise((resolve, reject) => {
      createInterface(child.stdout).on('line', (line) => {
        const found = /listens at (\S+)/.exec(line);
        if (found) resolve(found[1]);
      });
      void ended.then(([code]) => reject(new Error(`The ${role} process ended with ${code}.`)));
    });
    return await work({ url, pid: child.pid });
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

/** Megabytes of memory that a process holds now, and the most it ever held (Linux). */
export function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mb = (name) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]) / 1_024);
  return { now: mb('VmRSS'), most: mb('VmHWM') };
}

/** Milliseconds of processor that a process and those it started have used (Linux). */
export function cpuMsOf(pid) {
  // The file of the process itself tells of its first thread alone.
  const own = readdirSync(`/proc/${pid}/task`).reduce(
    (sum, thread) => sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6,
    0,
  );
  // What children have used is added to `cutime` and `cstime` when they end, in hundredths of a second.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
  const ended = (Number(fields[13]) + Number(fields[14])) * 10;
  return childrenOf(pid).reduce((sum, child) => {
    try {
      return sum + cpuMsOf(child);
    } catch {
      // It ended meanwhile.
      return sum;
    }
  }, own + ended);
}

const childrenOf = (pid) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
