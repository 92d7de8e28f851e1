// The modules one by one: what each is alone in an application, and what it leaves to others.
import { describe, expect, it } from '@jest/globals';
import { DeliveryModule, EventDispatcher, InboundModule, OutboundModule, RegistryModule } from '../../src/index.js';
import { eventually } from '../setup/eventually.js';
import { ACME_SOURCE, LISTS, listsOf, ModulesScene, Orders, webhookOfAcme } from './modules.harness.js';

const scene = ModulesScene.forTests();

describe('InboundModule alone', () => {
  it('receives from a provider of one’s own, runs handlers, and has no route of sending', async () => {
    const { app, api } = await scene.start([InboundModule.forRoot(scene.options)], [Orders]);
    expect(await api('POST', '/api/sources', ACME_SOURCE)).toMatchObject({ status: 201 });
    expect(await webhookOfAcme(api, 'o-1')).toEqual({ status: 200, body: { status: 'processed' } });
    expect(await webhookOfAcme(api, 'o-1')).toEqual({ status: 200, body: { status: 'already_processed' } });
    const forged = await api('POST', '/webhooks/acme', { id: 'o-2' }, { 'x-acme-key': 'another' });
    expect(forged).toEqual({ status: 401, body: { error: 'Invalid signature' } });
    expect(app.get(Orders).made).toEqual([{ id: 'o-1', total: 7 }]);
    expect(await api('GET', '/api/sources/acme/rejections')).toMatchObject({ status: 200 });
    expect(await listsOf(api)).toEqual(['/api/sources', ...LISTS.access, ...LISTS.inbound]);
    expect(await api('POST', '/api/webhooks', { url: 'https://example.com', events: ['*'] })).toMatchObject({
      status: 404,
    });
  });

  it('refuses a source that relays, and says what to import', async () => {
    const { api } = await scene.start([InboundModule.forRoot(scene.options)]);
    const refusal = { status: 400, body: { code: 'invalid_source', error: expect.stringContaining('OutboundModule') } };
    expect(await api('POST', '/api/sources', { ...ACME_SOURCE, relay: true })).toMatchObject(refusal);
    expect(await api('POST', '/api/sources', ACME_SOURCE)).toMatchObject({ status: 201 });
    expect(await api('PATCH', '/api/sources/acme', { relay: true })).toMatchObject(refusal);
    await expect(
      scene.start([InboundModule.forRoot({ ...scene.options, sources: [{ ...ACME_SOURCE, relay: true }] })]),
    ).rejects.toThrow('OutboundModule');
  });

  it('sends nothing: what waits on its database is left to an application that sends', async () => {
    const target = await scene.receiver();
    const sender = await scene.start([OutboundModule.forRoot({ ...scene.options, role: 'api' })]);
    await sender.api('POST', '/api/webhooks', { url: target.url, events: ['order.made'] });
    const receiving = await scene.start([InboundModule.forRoot(scene.options)], [Orders]);
    await sender.app.get(EventDispatcher).dispatch('order.made', {});
    await receiving.api('POST', '/api/sources', ACME_SOURCE);
    await webhookOfAcme(receiving.api, 'o-1');
    const { body } = await sender.api<{ data: { status: string }[] }>('GET', '/api/deliveries');
    expect(body.data.map(({ status }) => status)).toEqual(['pending']);

    await scene.start([DeliveryModule.forRoot({ ...scene.options })]);
    await target.next();
  });
});

describe('OutboundModule alone', () => {
  it('manages webhooks, dispatches and delivers, and receives nothing', async () => {
    const target = await scene.receiver();
    const { app, api } = await scene.start([OutboundModule.forRoot(scene.options)]);
    expect(await api('POST', '/api/webhooks', { url: target.url, events: ['order.*'] })).toMatchObject({ status: 201 });
    await app.get(EventDispatcher).dispatch('order.made', { id: 'o-1' });
    await api('POST', '/api/events', { event: 'order.paid', data: { id: 'o-1' } });
    const sent = [await target.next(), await target.next()].map(({ body }) => JSON.parse(body.toString()) as object);
    expect(sent).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ event: 'order.made' }),
        expect.objectContaining({ event: 'order.paid' }),
      ]),
    );
    await eventually(async () => {
      const { body } = await api<{ data: { status: string }[] }>('GET', '/api/deliveries');
      return body.data.filter(({ status }) => status === 'success').length === 2;
    }, 'both deliveries are logged');
    expect(await listsOf(api)).toEqual([
      '/api/webhooks',
      '/api/event-types',
      ...LISTS.access,
      ...LISTS.delivery,
      ...LISTS.outbound,
    ]);
    expect(await webhookOfAcme(api, 'o-1')).toMatchObject({ status: 404, body: { message: expect.any(String) } });
  });
});

describe('RegistryModule alone', () => {
  it('manages webhooks and sources for other applications, and neither sends nor receives', async () => {
    const { api } = await scene.start([RegistryModule.forRoot(scene.options)]);
    expect(await api('POST', '/api/webhooks', { url: 'http://127.0.0.1:9/', events: ['*'] })).toMatchObject({
      status: 201,
    });
    // Others may send what it lets pass on.
    expect(await api('POST', '/api/sources', { ...ACME_SOURCE, relay: true })).toMatchObject({ status: 201 });
    expect(await listsOf(api)).toEqual([...LISTS.registry, ...LISTS.access]);
    expect(await webhookOfAcme(api, 'o-1')).toMatchObject({ status: 404, body: { message: expect.any(String) } });
  });

  it('enabling forgets the failures that another application counted', async () => {
    const [failing, well] = [await scene.receiver(), await scene.receiver()];
    failing.always(500);
    const sending = { ...scene.options, retrySchedule: [], autoDisable: '0s,2' as const };
    const { app, api: sender } = await scene.start([OutboundModule.forRoot(sending)]);
    const { api } = await scene.start([RegistryModule.forRoot(scene.options)]);
    const { body: webhook } = await api('POST', '/api/webhooks', { url: failing.url, events: ['order.made'] });
    await api('POST', '/api/webhooks', { url: well.url, events: ['order.paid'] });
    const read = async () => (await api('GET', `/api/webhooks/${webhook.id as string}`)).body;
    const ended = async (event: string) => {
      const { id } = await app.get(EventDispatcher).dispatch(event, {});
      await eventually(async () => {
        const { body } = await sender<{ data: { eventId: string; status: string }[] }>('GET', '/api/deliveries');
        return body.data.some(({ eventId, status }) => eventId === id && /failed|success/.test(status));
      }, `${event} is sent`);
    };
    for (let n = 0; n < 2; n += 1) await ended('order.made');
    await eventually(async () => (await read()).active === false, 'it is disabled');
    await api('POST', `/api/webhooks/${webhook.id as string}/enable`);
    await ended('order.made');
    // What is sent behind it is settled, and acted upon, behind it.
    await ended('order.paid');
    expect(await read()).toMatchObject({ active: true });
  });

  it('registers no URL where a challenge is asked for: it cannot send one', async () => {
    const { api } = await scene.start([RegistryModule.forRoot({ ...scene.options, ownershipChallenge: true })]);
    expect(await api('POST', '/api/webhooks', { url: 'http://127.0.0.1:9/', events: ['*'] })).toMatchObject({
      status: 400,
      body: { code: 'ownership_unproven' },
    });
  });
});

describe('DeliveryModule alone', () => {
  it('has the delivery log and sends what others dispatch', async () => {
    const target = await scene.receiver();
    const others = await scene.start([OutboundModule.forRoot({ ...scene.options, role: 'api' })]);
    await others.api('POST', '/api/webhooks', { url: target.url, events: ['order.*'] });
    const { api } = await scene.start([DeliveryModule.forRoot(scene.options)]);
    await others.app.get(EventDispatcher).dispatch('order.made', {});
    await target.next();
    const sent = await eventually(async () => {
      const { body } = await api<{ data: { id: string; status: string }[] }>('GET', '/api/deliveries');
      return body.data[0]?.status === 'success' && body.data[0];
    }, 'the delivery is logged as a success');
    expect(await api('POST', `/api/deliveries/${sent.id}/retry`)).toMatchObject({ status: 202 });
    await target.next();
    expect(await listsOf(api)).toEqual([...LISTS.access, ...LISTS.delivery]);
  });
});
