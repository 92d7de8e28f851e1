// What /metrics tells of sending, what the dashboard and the alert rules ask it for, and when a process is no longer alive.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { HealthController } from '../../src/monitoring/health.controller.js';
import { eventually } from '../setup/eventually.js';
import { ADMIN_KEY } from '../setup/server.js';
import { DeliveryScene } from './delivery.harness.js';

let scene: DeliveryScene;

beforeAll(async () => {
  scene = await DeliveryScene.open();
});
afterAll(() => scene?.close());

const scrape = async (): Promise<string> => {
  const response = await fetch(`${scene.server.url}/metrics`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
  return response.text();
};

/** The samples whose name begins so, by name and labels. */
async function samples(prefix: string): Promise<Record<string, number>> {
  const lines = (await scrape()).split('\n').filter((line) => line.startsWith(prefix));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  );
}

describe('the metrics of sending', () => {
  it('count attempts and what became of deliveries, measure both, and say that nothing waits', async () => {
    const receiver = await scene.receiver(200);
    receiver.answers(500, 200, 404);
    const target = await scene.target(receiver.url);
    for (let n = 0; n < 3; n += 1) await scene.settled(await target.send());
    const disabled = await scene.target(receiver.url);
    await scene.server.api('POST', `/api/webhooks/${disabled.webhookId}/disable`);
    expect(await scene.settled(await disabled.send())).toMatchObject({ status: 'skipped' });
    expect(await samples('posthorn_attempts_total')).toEqual({
      'posthorn_attempts_total{outcome="server_error"}': 1,
      'posthorn_attempts_total{outcome="success"}': 2,
      'posthorn_attempts_total{outcome="client_error"}': 1,
    });
    expect(await samples('posthorn_deliveries_total')).toEqual({
      'posthorn_deliveries_total{status="retrying"}': 1,
      'posthorn_deliveries_total{status="success"}': 2,
      'posthorn_deliveries_total{status="client_error"}': 1,
      'posthorn_deliveries_total{status="skipped"}': 1,
    });
    expect(await samples('posthorn_attempt_duration_seconds_count')).toEqual({
      posthorn_attempt_duration_seconds_count: 4,
    });
    expect(await samples('posthorn_settle_batch_size_sum')).toEqual({ posthorn_settle_batch_size_sum: 4 });
    expect(await samples('posthorn_partitions_ahead_days')).toEqual({ posthorn_partitions_ahead_days: 3 });
    // One look at the database serves all scrapes of a second.
    await eventually(
      async () => Object.values(await samples('posthorn_sending_deliveries')).every((count) => count === 0),
      'nothing is being sent',
    );
    expect({
      ...(await samples('posthorn_due')),
      ...(await samples('posthorn_oldest_due_seconds')),
      ...(await samples('posthorn_requests')),
    }).toEqual({
      posthorn_due_deliveries: 0,
      posthorn_oldest_due_seconds: 0,
      posthorn_requests_in_flight: 0,
    });
  });

  it('tell what is in flight, what is due and for how long, and leave out webhooks that wait as they should', async () => {
    const hanging = await scene.receiver(() => undefined);
    const ill = await scene.receiver((_, response) => void response.writeHead(503, { 'retry-after': '3600' }).end());
    const [busy, paused] = [await scene.target(hanging.url), await scene.target(ill.url, { retrySchedule: ['1h'] })];
    await busy.send();
    await hanging.next();
    await scene.becomes(await paused.send(), 'retrying');
    await paused.send();
    await scene.sql(
      `UPDATE posthorn.delivery SET due_at = now() - interval '60 s' WHERE webhook_id = $1 AND status = 'pending'`,
      [paused.webhookId],
    );
    await eventually(async () => (await samples('posthorn_circuits_open')).posthorn_circuits_open === 1, 'one pauses');
    expect(await samples('posthorn_requests_in_flight')).toEqual({ posthorn_requests_in_flight: 1 });
    expect(await samples('posthorn_due_deliveries')).toEqual({ posthorn_due_deliveries: 0 });
    // It pauses no more, and nobody can take it: claims need this table.
    await scene.sql(`ALTER TABLE posthorn.webhook_secret RENAME TO secret_not_there`);
    try {
      await scene.sql('UPDATE posthorn.webhook_health SET paused_until = NULL, times_opened = 1');
      const oldest = async () => (await samples('posthorn_oldest_due_seconds')).posthorn_oldest_due_seconds ?? 0;
      await eventually(async () => (await oldest()) >= 60, 'the oldest has been due for a minute');
      expect(await samples('posthorn_due_deliveries')).toEqual({ posthorn_due_deliveries: 1 });
      expect(await samples('posthorn_circuits')).toEqual({ posthorn_circuits_open: 0, posthorn_circuits_half_open: 1 });

      const health = scene.server.get(HealthController);
      const live = async () => (await fetch(`${scene.server.url}/health/live`)).status;
      expect(await live()).toBe(200);
      // Sooner than by default; nothing else is another.
      health.standstillMs = 1_500;
      await eventually(async () => (await live()) === 503, 'it is not alive any more');
      await scene.sql(`ALTER TABLE posthorn.secret_not_there RENAME TO webhook_secret`);
      await eventually(async () => (await live()) === 200, 'it is alive again');
    } finally {
      await scene.sql(`ALTER TABLE IF EXISTS posthorn.secret_not_there RENAME TO webhook_secret`);
    }
  });

  it('are there, all that the dashboard and the alert rules name', async () => {
    const there = [...(await scrape()).matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    );
    const folder = path.resolve(import.meta.dirname, '../../docs/monitoring');
    const files = readdirSync(folder);
    expect(files.sort()).toEqual(['alert-rules.yml', 'grafana-dashboard.json']);
    for (const file of files) {
      const text = readFileSync(path.join(folder, file), 'utf8');
      const named = new Set(text.match(/\bposthorn_[a-z_]+/g));
      expect(named.size).toBeGreaterThan(8);
      expect([file, [...named].filter((name) => !there.includes(name))]).toEqual([file, []]);
    }
    const page = readFileSync(path.resolve(folder, '../monitoring.md'), 'utf8');
    for (const name of there) expect(page).toContain(name.replace(/_(?:bucket|sum|count)$/, ''));
    const { panels } = JSON.parse(readFileSync(path.join(folder, 'grafana-dashboard.json'), 'utf8')) as {
      panels: object[];
    };
    expect(panels.length).toBeGreaterThan(10);
  });
});
