// An application with webhook handlers as a process of its own, from the build that users run. Its handlers say that they
// have begun, and take their time, so that they can be killed in the middle. Written without decorators' syntax: Node runs it.
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { OnWebhook, PosthornModule } from '../../dist/index.js';

const WORK_MS = 40;
const databaseUrl = process.env.DATABASE_URL;
const pool = new pg.Pool({ connectionString: databaseUrl, max: 5 });
const INSERT = 'INSERT INTO public.effect (handler, external_id) VALUES ($1, $2)';

class Books {
  async notify({ data }) {
    await pool.query(INSERT, ['notify', data.id]);
    await this.work();
  }

  async book({ data }, manager) {
    await manager.query(INSERT, ['book', data.id]);
    await this.work();
  }

  async thank({ data }) {
    await pool.query(INSERT, ['thank', data.id]);
    await this.work();
  }

  async work() {
    process.stdout.write('at work\n');
    await delay(WORK_MS);
  }
}
const on = (method, options) => {
  const descriptor = Object.getOwnPropertyDescriptor(Books.prototype, method);
  for (const source of ['stripe', 'queued']) OnWebhook(source, '*', options)(Books.prototype, method, descriptor);
};
on('notify');
on('book', { transactional: true });
on('thank');
Injectable()(Books);

class AppModule {}
Module({
  imports: [
    PosthornModule.forRoot({
      databaseUrl,
      encryptionKey: process.env.ENCRYPTION_KEY,
      adminApiKey: process.env.ADMIN_API_KEY,
      stripeWebhookSecret: process.env.STRIPE_WEBHOOK_SECRET,
    }),
  ],
  providers: [Books],
})(AppModule);

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
// A kept connection is not closed just as a test, on a busy machine, sends its next request on it.
app.getHttpServer().keepAliveTimeout = 60_000;
await app.listen(0, '127.0.0.1');
process.stdout.write(`listens at http://127.0.0.1:${app.getHttpServer().address().port}\n`);
