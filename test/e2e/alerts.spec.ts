// Whoever runs the installation hears what its tenants' webhooks come to: at a URL of the settings, and by a class of the application.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { AlertSink, EventDispatcher } from '../../src/index.js';
import type { Alert } from '../../src/index.js';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import { callHost, createHost, listen } from './host.harness.js';

/** What the host keeps of its alerts. */
@Injectable()
class Pager {
  readonly pages: string[] = [];
}

@Module({ providers: [Pager], exports: [Pager] })
class PagerModule {}

@Injectable()
class PagerAlerts extends AlertSink {
  constructor(private readonly pager: Pager) {
    super();
  }

  override send({ severity, text }: Alert): void {
    this.pager.pages.push(`${severity}: ${text}`);
  }
}

class BrokenAlerts extends AlertSink {
  override send(): never {
    throw new Error('the pager is out of paper');
  }
}

let channel: TestReceiver;
let receiver: TestReceiver;
let host: INestApplication;
let url: string;
const errors: string[] = [];

beforeAll(async () => {
  channel = await TestReceiver.start(200);
  receiver = await TestReceiver.start(500);
  const { url: databaseUrl } = await cloneDatabase();
  const logger = {
    log: () => undefined,
    warn: () => undefined,
    error: (message: unknown) => void errors.push(String(message)),
  };
  host = await createHost(databaseUrl, { imports: [PagerModule], alertSinks: [BrokenAlerts, PagerAlerts] }, logger, {
    alertUrl: `${channel.url}?token=of-the-channel`,
  });
  url = await listen(host);
});
afterAll(async () => {
  await host?.close();
  await receiver?.close();
  await channel?.close();
});

/** Sends events of this type to a receiver that only fails, and follows them to their end. */
async function exhaust(type: string, events: number): Promise<string> {
  const made = await callHost<{ id: string }>(url, 'POST', '/api/webhooks', { url: receiver.url, events: [type] });
  const webhookId = made.body.id;
  const all = Array.from({ length: events }, (_, n) => ({ event: type, data: { n } }));
  await host.get(EventDispatcher).dispatchMany(all);
  await eventually(async () => {
    const query = `/api/deliveries?webhookId=${webhookId}&status=failed`;
    return (await callHost<{ data: object[] }>(url, 'GET', query)).body.data.length === events;
  }, 'every delivery has failed');
  return webhookId;
}

it('a delivery that is given up is told to every sink, whatever others do, and once for many', async () => {
  channel.answers(503);
  const webhookId = await exhaust('order.paid', 5);
  const text = `Tenant default: an event order.paid was not delivered to webhook ${webhookId}: its 3 attempts failed.`;
  const { pages } = host.get(Pager, { strict: false });
  await eventually(() => pages.length > 0, 'the pager is told');
  // The channel was busy at first, and is asked again.
  await channel.next();
  const { body, headers, path } = await channel.next();
  expect(headers['content-type']).toBe('application/json');
  expect(path).toBe('/hook?token=of-the-channel');
  expect(JSON.parse(body.toString())).toEqual({
    id: expect.any(String),
    type: 'posthorn.delivery.exhausted',
    severity: 'error',
    text,
    tenantId: 'default',
    occurredAt: expect.stringMatching(/Z$/),
    data: expect.objectContaining({ webhookId, event: 'order.paid', attempts: 3 }),
    withheld: 0,
  });
  await exhaust('order.sent', 1);
  await eventually(() => pages.length > 1, 'the pager is told of the next webhook');
  expect(pages.filter((page) => page.includes('order.paid'))).toEqual([`error: ${text}`]);
  expect(errors.some((error) => /alert sink BrokenAlerts failed.*out of paper/s.test(error))).toBe(true);
});

it('a channel that takes nothing is said in the log, without its URL, and nothing waits for it', async () => {
  channel.always(404);
  await exhaust('order.returned', 1);
  await eventually(() => errors.some((error) => error.includes('ALERT_URL answered 404')), 'it is said');
  expect(errors.filter((error) => error.includes('of-the-channel'))).toEqual([]);
});
