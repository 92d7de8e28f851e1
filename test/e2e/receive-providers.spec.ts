// Receiving from every kind of sender over real HTTP: what is signed comes in, what is not stays out, and handlers are given what
// the sender said.
import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { createHmac } from 'node:crypto';
import { bodyId, headerOf, OnWebhook, textField, UNKNOWN_TYPE } from '../../src/inbound/index.js';
import type { Description, Provider, ReceivedEvent, Verdict, WebhookRequest } from '../../src/inbound/index.js';
import type { Secret } from '../../src/kernel/secret.js';
import { equalTexts } from '../../src/kernel/signatures/hmac.js';
import { newSecretPair, SIGNED_PROVIDERS } from '../../src/testing/index.js';
import { eventually } from '../setup/eventually.js';
import { ProvidersScene, sourceOf } from './providers.harness.js';
import { ADMIN_KEY } from './receive.harness.js';
import { addSource } from './received-rows.harness.js';
import { answerOf, EXACT, post } from './sender.harness.js';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

@Injectable()
class Recorder {
  readonly seen: ReceivedEvent[] = [];

  @OnWebhook('twilio', 'message.received')
  @OnWebhook('twilio-later', 'message.received')
  @OnWebhook('slack', '*')
  @OnWebhook('sendgrid', 'events')
  @OnWebhook('acme', '*')
  @OnWebhook('any', 'thing.*')
  record(event: ReceivedEvent): void {
    this.seen.push(event);
  }

  lastOf(source: string): ReceivedEvent | undefined {
    return this.seen.findLast((event) => event.source === source);
  }
}

/** A host's own kind of sender: one class. */
@Injectable()
class Acme implements Provider {
  readonly name = 'acme';
  readonly sendsJson = true;

  verify({ headers }: WebhookRequest, secrets: readonly Secret[]): Verdict {
    const key = headerOf(headers, 'x-acme-key');
    if (key === undefined) return { ok: false, reason: 'no_signature' };
    const known = secrets.filter((secret) => equalTexts(key ?? '', secret.reveal()));
    return known.length > 0 ? { ok: true } : { ok: false, reason: 'no_secret_matched' };
  }

  describe({ body }: WebhookRequest, data: unknown): Description {
    return { externalId: bodyId(body), type: textField(data, 'kind') ?? UNKNOWN_TYPE };
  }
}

const scene = ProvidersScene.forTests({ providers: [Recorder], webhookProviders: [Acme] });

describe.each(SIGNED_PROVIDERS.map((name) => [name]))('%s', (name) => {
  it('comes in once with a signature, and not without or with another one', async () => {
    const body = { hello: name, webhookTimestamp: Date.now() };
    const request = scene.signed(name, { body });
    expect(answerOf(await scene.send(request))).toEqual(EXACT.processed);
    expect(answerOf(await scene.send(request))).toEqual(EXACT.already);

    const stranger = scene.signed(name, { body, secret: newSecretPair(name).signWith });
    expect(answerOf(await scene.send(stranger))).toEqual(EXACT.invalid);
    expect(answerOf(await post(request.url, JSON.stringify(body)))).toEqual(EXACT.invalid);
    expect(await scene.storedOf(sourceOf(name))).toBe(1);
  });
});

describe('what handlers are given', () => {
  it('of a form, its fields, also when they run later', async () => {
    await addSource(scene.rows, {
      name: 'twilio-later',
      provider: 'twilio',
      secrets: [scene.secretOf('twilio').secret],
      processing: 'queued',
    });
    for (const source of ['twilio', 'twilio-later']) {
      const url = `${scene.shop.url}/webhooks/${source}?from=console`;
      const request = scene.signed('twilio', {
        url,
        headers: FORM,
        body: 'SmsStatus=received&Body=%C5%BC%C3%B3%C5%82w+%2B1',
      });
      expect((await scene.send(request, url)).status).toBe(source === 'twilio' ? 200 : 202);
      await eventually(
        () => Promise.resolve(scene.shop.app.get(Recorder).lastOf(source) !== undefined),
        'the handler runs',
      );
      expect(scene.shop.app.get(Recorder).lastOf(source)?.data).toEqual({ SmsStatus: 'received', Body: 'żółw +1' });
    }
  });

  it.each([
    ['an event', {}, '{"type":"event_callback","event_id":"Ev1","event":{"type":"app_mention"}}', 'app_mention'],
    [
      'an interaction',
      FORM,
      `payload=${encodeURIComponent('{"type":"block_actions","trigger_id":"1"}')}`,
      'block_actions',
    ],
    ['a command', FORM, 'command=%2Fweather&text=94070&trigger_id=2', '/weather'],
  ])('of Slack: %s', async (_, headers, body, type) => {
    const request = scene.signed('slack', { body, headers });
    expect(answerOf(await scene.send(request))).toEqual(EXACT.processed);
    expect(scene.shop.app.get(Recorder).lastOf('slack')).toMatchObject({ type });
  });

  it('of a batch, the whole list, once, whatever the sender writes into it the next time', async () => {
    const body = [
      { sg_event_id: 'a', event: 'open' },
      { sg_event_id: 'b', event: 'click' },
    ];
    const [first, again] = [
      scene.signed('sendgrid', { body }),
      scene.signed('sendgrid', { body: body.map((item) => ({ ...item, attempt: 2 })) }),
    ];
    expect(answerOf(await scene.send(first))).toEqual(EXACT.processed);
    expect(answerOf(await scene.send(again))).toEqual(EXACT.already);
    expect(scene.shop.app.get(Recorder).lastOf('sendgrid')?.data).toEqual(body);
  });

  it('of a sender that the host brings itself', async () => {
    await addSource(scene.rows, { name: 'acme', provider: 'acme', secrets: ['acme-key'] });
    const body = '{"kind":"parcel.lost"}';
    expect(answerOf(await post(`${scene.shop.url}/webhooks/acme`, body, { 'x-acme-key': 'acme-key' }))).toEqual(
      EXACT.processed,
    );
    expect(answerOf(await post(`${scene.shop.url}/webhooks/acme`, body, { 'x-acme-key': 'another' }))).toEqual(
      EXACT.invalid,
    );
    expect(scene.shop.app.get(Recorder).lastOf('acme')).toMatchObject({
      type: 'parcel.lost',
      data: { kind: 'parcel.lost' },
      // Its name says nothing; what it holds is a secret of the source.
      headers: { 'x-acme-key': '[secret]' },
    });
  });

  it('of a sender that only its config describes', async () => {
    const config = {
      // A name that does not say that it should be masked.
      header: 'X-Any-Proof',
      timestampHeader: 'X-Any-Time',
      template: 'v2|{timestamp}|{header:X-Any-Id}|{body}',
      algorithm: 'sha512',
      encoding: 'base64',
      prefix: 's=',
      id: 'header:X-Any-Id',
      type: 'body:meta.kind',
    };
    await addSource(scene.rows, { name: 'any', provider: 'hmac', secrets: ['any-secret'], config });
    const [time, body] = [String(Math.floor(Date.now() / 1_000)), '{"meta":{"kind":"thing.done"}}'];
    const mac = createHmac('sha512', 'any-secret').update(`v2|${time}|id-1|${body}`).digest('base64');
    const headers = { 'x-any-proof': `s=${mac}`, 'x-any-time': time, 'x-any-id': 'id-1' };
    const url = `${scene.shop.url}/webhooks/any`;
    expect(answerOf(await post(url, body, headers))).toEqual(EXACT.processed);
    expect(answerOf(await post(url, body, headers))).toEqual(EXACT.already);
    expect(answerOf(await post(url, body, { ...headers, 'x-any-id': 'id-2' }))).toEqual(EXACT.invalid);
    const masked = { 'x-any-proof': '[secret]', 'x-any-time': time, 'x-any-id': 'id-1' };
    expect(scene.shop.app.get(Recorder).lastOf('any')).toMatchObject({ type: 'thing.done', headers: masked });
    const stored = await scene.rows.query(`SELECT r::text AS row FROM posthorn.received_event r WHERE source = 'any'`);
    expect(stored).toHaveLength(1);
    expect(JSON.stringify(stored)).not.toContain(mac);
    const own = await fetch(`${scene.shop.url}/api/received-events?source=any`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });
    const { data } = (await own.json()) as { data: { id: string }[] };
    const shown = await fetch(`${scene.shop.url}/api/received-events/${data[0]?.id}`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });
    expect(await shown.json()).toMatchObject({ headers: masked });

    await addSource(scene.rows, { name: 'wrong', provider: 'hmac', secrets: ['any-secret'] });
    expect(answerOf(await post(`${scene.shop.url}/webhooks/wrong`, body, headers))).toEqual(EXACT.invalid);
  });
});
