// A host application's own classes in the places that Posthorn leaves for them: they inject the host's providers, and
// nothing that they do wrong stops a delivery.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, Module, Scope } from '@nestjs/common';
import type { INestApplication, LoggerService, Type } from '@nestjs/common';
import { Webhook } from 'standardwebhooks';
import {
  DefaultRetryPolicy,
  EventDispatcher,
  HttpTransport,
  JsonataTransformer,
  RetryPolicy,
  StandardSigner,
  Transport,
} from '../../src/index.js';
import type {
  FailedAttempt,
  FailedDelivery,
  OperationalEvent,
  OperationalHook,
  RetryVerdict,
  TransformedEvent,
  TransformingWebhook,
  TransportRequest,
  TransportResult,
} from '../../src/index.js';
import { Sender } from '../../src/delivery/sender.js';
import { retryPolicyContract } from '../../src/testing/index.js';
import { cloneDatabase } from '../setup/database.js';
import { documented } from '../setup/documented.js';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import { callHost, createHost, listen } from './host.harness.js';

/** What the host knows of its customers. */
@Injectable()
class Plans {
  isFree(eventType: string): boolean {
    return eventType.startsWith('free.');
  }
}

@Module({ providers: [Plans], exports: [Plans] })
class PlansModule {}

/** Free customers get one attempt; the rest is broken in every way that a policy can be. */
@Injectable()
class PlanPolicy extends DefaultRetryPolicy {
  constructor(private readonly plans: Plans) {
    super();
  }

  override decide(attempt: FailedAttempt, delivery: FailedDelivery, random: () => number): RetryVerdict {
    switch (delivery.eventType) {
      case 'broken.throws':
        throw new Error('no such plan');
      case 'broken.nan':
        return { status: 'retrying', waitMs: Number.NaN };
      case 'broken.negative':
        return { status: 'retrying', waitMs: -1 };
      case 'broken.endless':
        return { status: 'retrying', waitMs: Number.POSITIVE_INFINITY };
      case 'broken.success':
        return { status: 'success' } as unknown as RetryVerdict;
      case 'broken.reason':
        return { status: 'failed', reason: 'Not a reason\0' };
      case 'broken.promise':
        return Promise.resolve({ status: 'failed' }) as unknown as RetryVerdict;
      case 'broken.nothing':
        return undefined as unknown as RetryVerdict;
    }
    if (this.plans.isFree(delivery.eventType)) return { status: 'failed', reason: 'free_plan' };
    // 404 is retried whatever the sending policy says.
    if (attempt.httpStatus === 404 && delivery.retriesUsed < 4) return { status: 'retrying', waitMs: 1 };
    return super.decide(attempt, delivery, random);
  }
}

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

const carried: TransportRequest[] = [];

/** Keeps what it hears, and whether the event was stored by then. */
@Injectable()
class Audit implements OperationalHook {
  readonly heard: OperationalEvent[] = [];
  readonly stored: number[] = [];

  constructor(private readonly plans: Plans) {}

  async onOperationalEvent(event: OperationalEvent): Promise<void> {
    this.heard.push(event);
    this.stored.push((await api('GET', `/api/events/${event.id}`)).status);
    expect(this.plans).toBeInstanceOf(Plans);
  }
}

@Injectable()
class Throws implements OperationalHook {
  onOperationalEvent(): void {
    throw new Error('the pager is out of paper');
  }
}

class Hangs implements OperationalHook {
  calls = 0;

  onOperationalEvent(): Promise<void> {
    this.calls += 1;
    return new Promise(() => undefined);
  }
}

@Module({ imports: [PlansModule], providers: [Audit], exports: [Audit] })
class AuditModule {}

const hangs = new Hangs();
const errors: string[] = [];
const logger: LoggerService = {
  log: () => undefined,
  warn: () => undefined,
  error: (message: unknown) => void errors.push(String(message)),
};

let host: INestApplication;
let url: string;
const receivers: TestReceiver[] = [];

beforeAll(async () => {
  const { url: databaseUrl } = await cloneDatabase();
  host = await createHost(
    databaseUrl,
    {
      imports: [PlansModule, AuditModule],
      retryPolicy: PlanPolicy,
      payloadTransformer: PlanPayloads,
      transport: MeshTransport,
      operationalHooks: [Throws, { useValue: hangs }, { useExisting: Audit }],
    },
    logger,
  );
  url = await listen(host);
});
afterAll(async () => {
  await Promise.all(receivers.map((receiver) => receiver.close()));
  await host.close();
});

const api = <Body>(
  method: string,
  route: string,
  body?: object,
  { origin = url, tenant = 'default' } = {},
): Promise<{ status: number; body: Body }> => callHost(origin, method, route, body, tenant);

interface Delivery {
  readonly id: string;
  readonly status: string;
  readonly reason: string | null;
  readonly attemptCount: number;
}

/** Sends one event of this type to a receiver that always answers so, and follows it to its end. */
async function outcomeOf(type: string, answer: number, own: object = {}): Promise<Delivery & { webhookId: string }> {
  const receiver = await TestReceiver.start(answer);
  receivers.push(receiver);
  const webhook = await api<{ id: string }>('POST', '/api/webhooks', { url: receiver.url, events: [type], ...own });
  await host.get(EventDispatcher).dispatch(type, {});
  const delivery = await eventually(async () => {
    const { data } = (await api<{ data: Delivery[] }>('GET', `/api/deliveries?webhookId=${webhook.body.id}`)).body;
    return data[0]?.status !== 'pending' && data[0]?.status !== 'retrying' && data[0]?.status !== 'sending' && data[0];
  }, `the delivery of ${type} ends`);
  return { ...delivery, webhookId: webhook.body.id };
}

describe('a retry policy of the host', () => {
  it('decides, and injects what the host’s modules export', async () => {
    expect(await outcomeOf('free.order', 500)).toMatchObject({
      status: 'failed',
      reason: 'free_plan',
      attemptCount: 1,
    });
    expect(await outcomeOf('paid.order', 404)).toMatchObject({ status: 'client_error', attemptCount: 5 });
    expect(await outcomeOf('paid.bill', 500)).toMatchObject({ reason: 'attempts_exhausted', attemptCount: 3 });
  });

  it('is not asked about successes', async () =>
    expect(await outcomeOf('broken.throws', 204)).toMatchObject({ status: 'success', attemptCount: 1 }));

  it.each(['throws', 'nan', 'negative', 'endless', 'success', 'reason', 'promise', 'nothing'])(
    'that is broken loses no delivery: the default decides (%s)',
    async (how) => {
      const delivery = await outcomeOf(`broken.${how}`, 500);
      expect(delivery).toMatchObject({ status: 'failed', reason: 'attempts_exhausted', attemptCount: 3 });
      expect(errors.filter((error) => error.includes('The retry policy failed')).length).toBeGreaterThan(0);
    },
  );

  for (const { name, run } of retryPolicyContract(() => new PlanPolicy(new Plans()))) it(name, run);
});

describe('a payload transformer of the host', () => {
  /** What arrives of an event of this type. */
  async function sent(type: string, query: string, own: object = {}): Promise<unknown> {
    const receiver = await TestReceiver.start();
    receivers.push(receiver);
    await api('POST', '/api/webhooks', { url: receiver.url + query, events: [type], ...own });
    await host.get(EventDispatcher).dispatch(type, { total: 250 });
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
    const { id } = await outcomeOf('paid.stuck', 200, { transformation: 'data' });
    const { body } = await api<{ attempts: object[] }>('GET', `/api/deliveries/${id}`);
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
    const { body: webhook } = await api<{ id: string }>('POST', '/api/webhooks', {
      url: 'https://93.184.215.14/hooks',
      events: ['paid.crowded'],
      transformation: 'data',
    });
    await host.get(EventDispatcher).dispatch('paid.crowded', {});
    const { queue } = host.get(Sender, { strict: false });
    await eventually(() => queue.room().perBusyWebhook.get(webhook.id) === 0, 'there is no room for its webhook');
    const { data } = (await api<{ data: Delivery[] }>('GET', `/api/deliveries?webhookId=${webhook.id}`)).body;
    expect(data).toMatchObject([{ status: 'pending', attemptCount: 0 }]);
    expect((await api('PATCH', `/api/webhooks/${webhook.id}`, { active: false })).status).toBe(200);
  });

  it('that throws fails the attempt, in its own words', async () => {
    const { id } = await outcomeOf('paid.unknown', 200, { transformation: 'data' });
    const { body } = await api<{ attempts: object[] }>('GET', `/api/deliveries/${id}`);
    expect(body).toMatchObject({ status: 'failed', reason: 'attempts_exhausted' });
    expect(body.attempts).toMatchObject(
      Array.from({ length: 3 }, () => ({
        outcome: 'transformation_error',
        error: 'The transformation failed: no such plan',
      })),
    );
  });
});

describe('a transport of the host', () => {
  it('carries what it takes, signed, and the log has what it says; the rest goes by ours', async () => {
    const { body: webhook } = await api<{ id: string; secret: string }>('POST', '/api/webhooks', {
      url: 'https://93.184.215.14/hooks?mesh',
      events: ['paid.mesh'],
    });
    const { id } = await host.get(EventDispatcher).dispatch('paid.mesh', { total: 250 });
    const [request] = await eventually(() => carried.length === 1 && carried, 'it is carried');
    expect(request).toMatchObject({
      tenantId: 'default',
      webhookId: webhook.id,
      url: 'https://93.184.215.14/hooks?mesh',
    });
    const headers = Object.fromEntries(
      (request?.headers ?? []).flatMap((name, at, all) => (at % 2 === 0 ? [[name, all[at + 1] ?? '']] : [])),
    ) as Record<string, string>;
    expect(headers['webhook-id']).toBe(id);
    expect(new Webhook(webhook.secret).verify(request?.body ?? '', headers)).toMatchObject({ data: { total: 250 } });
    const delivery = await eventually(async () => {
      const { data } = (await api<{ data: Delivery[] }>('GET', `/api/deliveries?webhookId=${webhook.id}`)).body;
      return data[0]?.status === 'success' && data[0];
    }, 'it is a success');
    expect((await api('GET', `/api/deliveries/${delivery.id}`)).body).toMatchObject({
      attempts: [{ outcome: 'success', httpStatus: 202, timing: null }],
    });
    expect(await outcomeOf('paid.direct', 200)).toMatchObject({ status: 'success' });
    expect(carried).toHaveLength(1);
  });
});

describe('an operational hook of the host', () => {
  it('hears what happened once it is stored, whatever other hooks do, and delivering waits for none', async () => {
    const audit = host.get(Audit, { strict: false });
    const failing = await outcomeOf('paid.gone', 500, { autoDisable: { after: '0s', attempts: 3 } });
    const toldOf = (id: string) => audit.heard.filter(({ data }) => 'webhookId' in data && data.webhookId === id);
    await eventually(
      () => toldOf(failing.webhookId).some(({ type }) => type === 'posthorn.webhook.disabled'),
      'it is told',
    );
    expect(toldOf(failing.webhookId).map(({ type, tenantId }) => [type, tenantId])).toEqual(
      expect.arrayContaining([
        ['posthorn.delivery.exhausted', 'default'],
        ['posthorn.webhook.disabled', 'default'],
      ]),
    );
    const exhausted = toldOf(failing.webhookId).find(({ type }) => type === 'posthorn.delivery.exhausted');
    expect(exhausted?.data).toMatchObject({ deliveryId: failing.id, event: 'paid.gone', attempts: 3 });
    await eventually(() => audit.stored.length === audit.heard.length, 'every call has ended');
    expect(new Set(audit.stored)).toEqual(new Set([200]));
    expect(errors.some((error) => error.includes('hook Throws failed') && error.includes('out of paper'))).toBe(true);
    // Its first call has not ended, or has just been given up; the others wait, and everything else went on.
    expect(hangs.calls).toBeLessThan(audit.heard.length);
  });

  it('hears of a receiver that is gone', async () => {
    const audit = host.get(Audit, { strict: false });
    const { webhookId } = await outcomeOf('paid.closed', 410);
    const told = await eventually(
      () => audit.heard.find(({ type, data }) => type === 'posthorn.webhook.disabled' && data.webhookId === webhookId),
      'it is told',
    );
    expect(told.data).toEqual({ webhookId, reason: 'gone' });
  });
});

describe('an extension that Nest would make anew per request', () => {
  @Injectable({ scope: Scope.REQUEST })
  class PerRequest {}

  @Module({ providers: [PerRequest], exports: [PerRequest] })
  class PerRequestModule {}

  @Injectable()
  class Fickle extends DefaultRetryPolicy {
    constructor(readonly request: PerRequest) {
      super();
    }
  }

  @Injectable()
  class FickleSigner extends StandardSigner {
    constructor(readonly request: PerRequest) {
      super();
    }
  }

  @Injectable()
  class FickleTransport extends MeshTransport {
    constructor(
      http: HttpTransport,
      readonly request: PerRequest,
    ) {
      super(http);
    }
  }

  @Injectable()
  class FickleHook implements OperationalHook {
    constructor(readonly request: PerRequest) {}

    onOperationalEvent(): void {}
  }

  it.each([
    ['retryPolicy', { retryPolicy: Fickle }],
    ['requestSigner', { requestSigner: FickleSigner }],
    ['transport', { transport: FickleTransport }],
    ['operationalHooks', { operationalHooks: [FickleHook] }],
  ])('is refused at start: %s', async (name, extras) => {
    const { url: databaseUrl } = await cloneDatabase();
    const refused = await createHost(databaseUrl, { imports: [PerRequestModule], ...extras });
    await expect(refused.init()).rejects.toThrow(`${name}: it, and all that it injects, must be singletons`);
    await refused.close();
  });
});

interface Shown {
  readonly Accounts: Type<{ readonly notices: string[] }>;
  readonly AccountsModule: Type;
  readonly TrialPolicy: Type<RetryPolicy>;
  readonly Notices: Type<OperationalHook>;
}

it('what the documentation shows does what it says', async () => {
  const { Accounts, AccountsModule, TrialPolicy, Notices } = await documented<Shown>('embedding.md', 'TrialPolicy');
  const { url: databaseUrl } = await cloneDatabase();
  const shop = await createHost(databaseUrl, {
    imports: [AccountsModule],
    retryPolicy: TrialPolicy,
    operationalHooks: [Notices],
  });
  const at = { origin: await listen(shop) };
  try {
    const receiver = await TestReceiver.start(500);
    receivers.push(receiver);
    for (const tenant of ['trial-acme', 'acme']) {
      await api('POST', '/api/tenants', { id: tenant, name: tenant }, at);
      await api('POST', '/api/webhooks', { url: receiver.url, events: ['order.made'] }, { ...at, tenant });
      await shop.get(EventDispatcher).dispatch('order.made', {}, { tenant });
    }
    const accounts = shop.get(Accounts, { strict: false });
    await eventually(() => accounts.notices.length === 2, 'both tenants have their notice');
    expect(accounts.notices.map((notice) => notice.split(':')[0]).sort()).toEqual(['acme', 'trial-acme']);
    const endOf = async (tenant: string) =>
      (await api<{ data: Delivery[] }>('GET', '/api/deliveries', undefined, { ...at, tenant })).body.data;
    expect(await endOf('trial-acme')).toMatchObject([{ status: 'failed', reason: 'on_trial', attemptCount: 1 }]);
    expect(await endOf('acme')).toMatchObject([{ status: 'failed', reason: 'attempts_exhausted', attemptCount: 3 }]);
  } finally {
    await shop.close();
  }
});

it('RetryPolicy is the token that the host’s class stands behind', () =>
  expect(host.get(RetryPolicy as unknown as typeof PlanPolicy, { strict: false })).toBeInstanceOf(PlanPolicy));
