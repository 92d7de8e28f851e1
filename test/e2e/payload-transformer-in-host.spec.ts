// A payload transformer of the host's own makes what is sent; where it fails, or is never done, nothing goes out by mistake.
import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Sender } from '../../src/delivery/sender.js';
import { EventDispatcher, JsonataTransformer } from '../../src/index.js';
import type { TransformedEvent, TransformingWebhook } from '../../src/index.js';
import { eventually } from '../setup/eventually.js';
import { ExtendedHost, Plans, PlansModule } from './extended-host.harness.js';

/** Free customers are not told what paid ones are. */
@Injectable()
class PlanPayloads extends JsonataTransformer {
  constructor(private readonly plans: Plans) {
    super();
  }

  override appliesTo(webhook: TransformingWebhook): boolean {
    if (webhook.url.endsWith('?undecided')) throw new Error('no such plan');
    return super.appliesTo(webhook) || webhook.url.endsWith('?plan');
  }

  /** What it is not done with. */
  private readonly begun = new Set<string>();

  override transform(event: TransformedEvent, webhook: TransformingWebhook, signal?: AbortSignal): unknown {
    if (event.event.endsWith('.crowded')) return super.transform(event, webhook, AbortSignal.abort());
    if (event.event.endsWith('.stuck') && !this.begun.has(event.id)) {
      this.begun.add(event.id);
      return new Promise(() => undefined);
    }
    if (event.event.endsWith('.unknown')) throw new Error('no such plan');
    const data = this.plans.isFree(event.event) ? {} : event.data;
    return super.transform({ ...event, data }, webhook, signal);
  }
}

const host = ExtendedHost.forTests({ imports: [PlansModule], payloadTransformer: PlanPayloads });

describe('a payload transformer of the host', () => {
  /** What arrives of an event of this type. */
  async function sent(type: string, query: string, own: object = {}): Promise<unknown> {
    const receiver = await host.receiver();
    await host.api('POST', '/api/webhooks', { url: receiver.url + query, events: [type], ...own });
    await host.app.get(EventDispatcher).dispatch(type, { total: 250 });
    return JSON.parse((await receiver.next()).body.toString()) as unknown;
  }

  it('makes what is sent, injects what the host’s modules export, and goes on to ours', async () => {
    expect(await sent('free.sum', '?plan')).toMatchObject({ event: 'free.sum', data: {} });
    expect(await sent('paid.sum', '?plan')).toMatchObject({ event: 'paid.sum', data: { total: 250 } });
    expect(await sent('paid.expression', '?plan', { transformation: 'data.total' })).toBe(250);
    expect(await sent('free.elsewhere', '?none')).toMatchObject({ data: { total: 250 } });
  });

  it('transforms where it cannot say whether it applies: nothing goes out as it is by mistake', async () =>
    expect(await sent('free.undecided', '?undecided')).toMatchObject({ data: {} }));

  it('that is never done keeps its slot for a while, and then its attempt has failed', async () => {
    const { id } = await host.outcomeOf('paid.stuck', 200, { transformation: 'data' });
    const { body } = await host.api<{ attempts: object[] }>('GET', `/api/deliveries/${id}`);
    expect(body).toMatchObject({
      status: 'success',
      attempts: [
        {
          outcome: 'transformation_error',
          error: 'The transformation failed: it took longer than 10000 ms',
          response: null,
        },
        { outcome: 'success' },
      ],
    });
  });

  it('that waits in vain for its turn uses up no attempt, and nothing more of its webhook is claimed at once', async () => {
    const { body: webhook } = await host.api<{ id: string }>('POST', '/api/webhooks', {
      url: 'https://93.184.215.14/hooks',
      events: ['paid.crowded'],
      transformation: 'data',
    });
    await host.app.get(EventDispatcher).dispatch('paid.crowded', {});
    const { queue } = host.app.get(Sender, { strict: false });
    await eventually(() => queue.room().perBusyWebhook.get(webhook.id) === 0, 'there is no room for its webhook');
    expect(await host.newestDelivery(webhook.id)).toMatchObject({ status: 'pending', attemptCount: 0 });
    expect((await host.api('PATCH', `/api/webhooks/${webhook.id}`, { active: false })).status).toBe(200);
  });

  it('that throws fails the attempt, in its own words', async () => {
    const { id } = await host.outcomeOf('paid.unknown', 200, { transformation: 'data' });
    const { body } = await host.api<{ attempts: object[] }>('GET', `/api/deliveries/${id}`);
    expect(body).toMatchObject({ status: 'failed', reason: 'attempts_exhausted' });
    expect(body.attempts).toMatchObject(
      Array.from({ length: 3 }, () => ({
        outcome: 'transformation_error',
        error: 'The transformation failed: no such plan',
      })),
    );
  });
});
