// A transport of the host's own carries what it takes, and the log has what it says.
import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Webhook } from 'standardwebhooks';
import { EventDispatcher, HttpTransport, Transport } from '../../src/index.js';
import type { TransportRequest, TransportResult } from '../../src/index.js';
import { eventually } from '../setup/eventually.js';
import { ExtendedHost } from './extended-host.harness.js';

const carried: TransportRequest[] = [];

/** Carries what goes to the mesh by itself, and the rest by ours. */
@Injectable()
class MeshTransport extends Transport {
  constructor(private readonly http: HttpTransport) {
    super();
  }

  override post(request: TransportRequest): Promise<TransportResult> {
    if (!request.url.endsWith('?mesh')) return this.http.post(request);
    carried.push(request);
    return Promise.resolve({ outcome: 'success', httpStatus: 202, durationMs: 1, sent: true });
  }
}

const host = ExtendedHost.forTests({ transport: MeshTransport });

describe('a transport of the host', () => {
  it('carries what it takes, signed, and the log has what it says; the rest goes by ours', async () => {
    const { body: webhook } = await host.api<{ id: string; secret: string }>('POST', '/api/webhooks', {
      url: 'https://93.184.215.14/hooks?mesh',
      events: ['paid.mesh'],
    });
    const { id } = await host.app.get(EventDispatcher).dispatch('paid.mesh', { total: 250 });
    const [request] = await eventually(() => carried.length === 1 && carried, 'it is carried');
    expect(request).toMatchObject({
      tenantId: 'default',
      webhookId: webhook.id,
      url: 'https://93.184.215.14/hooks?mesh',
    });
    // What AbortSignal.timeout() takes: it throws for a fraction.
    expect(Number.isInteger(request?.timeoutMs)).toBe(true);
    const headers = Object.fromEntries(
      (request?.headers ?? []).flatMap((name, at, all) => (at % 2 === 0 ? [[name, all[at + 1] ?? '']] : [])),
    ) as Record<string, string>;
    expect(headers['webhook-id']).toBe(id);
    expect(new Webhook(webhook.secret).verify(request?.body ?? '', headers)).toMatchObject({ data: { total: 250 } });
    const delivery = await eventually(async () => {
      const newest = await host.newestDelivery(webhook.id);
      return newest?.status === 'success' && newest;
    }, 'it is a success');
    expect((await host.api('GET', `/api/deliveries/${delivery.id}`)).body).toMatchObject({
      attempts: [{ outcome: 'success', httpStatus: 202, timing: null }],
    });
    expect(await host.outcomeOf('paid.direct', 200)).toMatchObject({ status: 'success' });
    expect(carried).toHaveLength(1);
  });
});
