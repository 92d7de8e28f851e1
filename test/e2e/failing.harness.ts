// Webhooks that only fail, and who is told of it: shared by the specs about them.
import { afterEach } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { TestReceiver } from '../setup/receiver.js';
import type { DeliveryScene, Target } from './delivery.harness.js';

/** Disabled after a minute of nothing but failures, three at least. */
export const FAILING_OPTIONS = { retrySchedule: [], autoDisable: '1m,3' };

interface Told {
  event: string;
  data: Record<string, unknown>;
}

interface Listener {
  readonly id: string;
  readonly receiver: TestReceiver;
  readonly told: () => Told[];
}

/** What a test does in a scene. After each, its receivers and webhooks are gone: the next has its own listeners. */
export function failingIn(scene: () => DeliveryScene): {
  listener: (...events: string[]) => Promise<Listener>;
  fail: (target: Target, times: number) => Promise<void>;
  failingFor: (target: Target, interval: string) => Promise<unknown>;
  refuseOnce: (type: string, sqlState?: string) => Promise<void>;
} {
  afterEach(async () => {
    await scene().closeReceivers();
    await scene().sql('UPDATE posthorn.webhook SET deleted_at = now() WHERE deleted_at IS NULL');
  });

  /** A receiver of these operational events, and what it was told so far. */
  async function listener(...events: string[]): Promise<Listener> {
    const receiver = await scene().receiver(200);
    const { id } = await scene().server.webhook(receiver.url, events, { ordered: true });
    return { id, receiver, told: () => receiver.received.map(({ body }) => JSON.parse(body.toString()) as Told) };
  }

  /** Fails one attempt after another until the webhook has failed `times` times. */
  async function fail(target: Target, times: number): Promise<void> {
    for (let n = 0; n < times; n += 1) await scene().settled(await target.send());
  }

  const failingFor = (target: Target, interval: string): Promise<unknown> =>
    scene().sql('UPDATE posthorn.webhook_health SET failing_since = now() - $2::interval WHERE webhook_id = $1', [
      target.webhookId,
      interval,
    ]);

  /** The next event of this type fails to be stored, once, with this SQLSTATE; the rest is as ever. */
  async function refuseOnce(type: string, sqlState = 'P0001'): Promise<void> {
    const name = `refuse_${randomUUID().replaceAll('-', '')}`;
    // What was rolled back took nothing back of a sequence.
    await scene().sql(`
      CREATE SEQUENCE posthorn.${name};
      CREATE FUNCTION posthorn.${name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
      BEGIN
        IF nextval('posthorn.${name}') = 1 THEN RAISE 'refused' USING ERRCODE = '${sqlState}'; END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER ${name} BEFORE INSERT ON posthorn.event FOR EACH ROW WHEN (NEW.type = '${type}')
        EXECUTE FUNCTION posthorn.${name}()`);
  }

  return { listener, fail, failingFor, refuseOnce };
}
