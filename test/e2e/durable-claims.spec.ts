// Which claims are on disk before anything is sent under them, so that no crash of PostgreSQL undoes them.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../setup/eventually.js';
import { DeliveryScene } from './delivery.harness.js';

let scene: DeliveryScene;

beforeAll(async () => {
  scene = await DeliveryScene.open();
  // Writes down what `synchronous_commit` is at the commit of every claim.
  await scene.sql(`
    CREATE TABLE public.claim_commit (webhook_id uuid, synchronous_commit text);
    CREATE FUNCTION public.note_commit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO public.claim_commit VALUES (new.webhook_id, current_setting('synchronous_commit'));
      RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER note_commit AFTER UPDATE ON posthorn.delivery DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW WHEN (old.status = 'pending' AND new.status = 'sending') EXECUTE FUNCTION public.note_commit();`);
});
afterAll(() => scene?.close());

/** Sends one event to a webhook that asks for this, and tells what its claims waited for. */
async function commitsOf(asks: object): Promise<string[]> {
  const { url } = await scene.receiver(200);
  const { type, webhookId } = await scene.target(url, asks);
  // With a key, it is not claimed as it is stored.
  await scene.server.api('POST', '/api/events', { event: type, data: {}, idempotencyKey: type });
  await eventually(async () => (await scene.logged(type))[0]?.status === 'success', 'it is delivered');
  const rows = await scene.sql<{ synchronous_commit: string }>(
    'SELECT synchronous_commit FROM public.claim_commit WHERE webhook_id = $1',
    [webhookId],
  );
  return rows.map(({ synchronous_commit }) => synchronous_commit);
}

it.each<[string, object]>([
  ['is sent to at most once', { guarantee: 'at-most-once' }],
  ['is ordered', { ordered: true }],
  ['limits its requests in flight', { maxInFlight: 1 }],
  ['limits its rate', { rateLimit: { max: 10, perSeconds: 1 } }],
])('a claim for a webhook that %s is on disk before anything is sent', async (_, asks) =>
  expect(await commitsOf(asks)).toEqual(['on']),
);

it('no other claim waits for the disk', async () => expect(await commitsOf({})).toEqual(['off']));
