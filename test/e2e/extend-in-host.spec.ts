// What holds for all classes that a host application puts in the places that Posthorn leaves for them.
import { describe, expect, it } from '@jest/globals';
import { Injectable, Module, Scope } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { DefaultRetryPolicy, EventDispatcher, HttpTransport, StandardSigner, Transport } from '../../src/index.js';
import type { OperationalHook, RetryPolicy, TransportRequest, TransportResult } from '../../src/index.js';
import { cloneDatabase } from '../setup/database.js';
import { documented } from '../setup/documented.js';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import type { Delivery } from './extended-host.harness.js';
import { callHost, createHost, listen } from './host.harness.js';

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
  class FickleTransport extends Transport {
    constructor(
      private readonly http: HttpTransport,
      readonly request: PerRequest,
    ) {
      super();
    }

    override post(request: TransportRequest): Promise<TransportResult> {
      return this.http.post(request);
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
  const { Accounts, AccountsModule, TrialPolicy, Notices } = await documented<Shown>(
    'extending/retry-policy-and-hooks.md',
    'TrialPolicy',
  );
  const { url: databaseUrl } = await cloneDatabase();
  const shop = await createHost(databaseUrl, {
    imports: [AccountsModule],
    retryPolicy: TrialPolicy,
    operationalHooks: [Notices],
  });
  const origin = await listen(shop);
  const receiver = await TestReceiver.start(500);
  try {
    for (const tenant of ['trial-acme', 'acme']) {
      await callHost(origin, 'POST', '/api/tenants', { id: tenant, name: tenant });
      await callHost(origin, 'POST', '/api/webhooks', { url: receiver.url, events: ['order.made'] }, tenant);
      await shop.get(EventDispatcher).dispatch('order.made', {}, { tenant });
    }
    const accounts = shop.get(Accounts, { strict: false });
    await eventually(() => accounts.notices.length === 2, 'both tenants have their notice');
    expect(accounts.notices.map((notice) => notice.split(':')[0]).sort()).toEqual(['acme', 'trial-acme']);
    const endOf = async (tenant: string) =>
      (await callHost<{ data: Delivery[] }>(origin, 'GET', '/api/deliveries', undefined, tenant)).body.data;
    expect(await endOf('trial-acme')).toMatchObject([{ status: 'failed', reason: 'on_trial', attemptCount: 1 }]);
    expect(await endOf('acme')).toMatchObject([{ status: 'failed', reason: 'attempts_exhausted', attemptCount: 3 }]);
  } finally {
    await receiver.close();
    await shop.close();
  }
});
