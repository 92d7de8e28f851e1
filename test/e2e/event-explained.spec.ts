// Why a webhook got an event, or did not: asked before anything is sent, and after it was.
import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { TwoServers } from './two-servers.harness.js';

interface Explanation {
  readonly webhookId: string;
  readonly verdict: string;
  readonly failedClause: object | null;
  readonly changedSince: boolean;
  readonly status: string | null;
}
const both = TwoServers.forTests();

const typeOfItsOwn = (): string => `filter.${randomUUID()}`;
const explained = async (eventId: string, webhookId: string): Promise<Explanation | undefined> => {
  const path = `/api/events/${eventId}/webhooks?limit=250`;
  const { body } = await both.scene.server.api<{ data: Explanation[] }>('GET', path);
  return body.data.find((each) => each.webhookId === webhookId);
};

describe('test-filter', () => {
  it('asks the webhook’s own filter or another one, and sends nothing', async () => {
    const type = typeOfItsOwn();
    const id = await both.hook(type, { data: { total: { $gte: 100 } } });
    const ask = async (body: object) =>
      (await both.scene.server.api('POST', `/api/webhooks/${id}/test-filter`, body)).body;
    const failedClause = { clause: 'data.total.$gte', expected: 100 };
    expect(await ask({ event: type, data: { total: 7 } })).toEqual({ matched: false, subscribed: true, failedClause });
    expect(await ask({ event: type, data: { total: 100 } })).toEqual({
      matched: true,
      subscribed: true,
      failedClause: null,
    });
    expect(await ask({ event: 'other', data: { total: 100 } })).toEqual({
      matched: false,
      subscribed: false,
      failedClause: null,
    });
    expect(await ask({ event: type, data: {}, tags: ['a'], filter: { tags: 'a' } })).toMatchObject({ matched: true });
    expect(await ask({ event: type, data: {}, filter: null })).toMatchObject({ matched: true });
    expect(await ask({ event: type, data: {}, filter: { x: 1 } })).toMatchObject({ code: 'invalid_filter' });
    expect(await ask({ event: '..', data: 7, tags: 'a' })).toMatchObject({ code: 'validation_failed' });
    expect(await both.scene.logged(type)).toEqual([]);
  });

  it('knows no webhook of another tenant', async () => {
    const id = await both.hook(typeOfItsOwn());
    const body = { event: 'a', data: {} };
    const answer = await both.scene.server.api('POST', `/api/webhooks/${id}/test-filter`, body, { tenant: 'acme' });
    expect(answer.status).toBe(404);
  });
});

describe('an event', () => {
  it('says of every webhook why it got it, or why not', async () => {
    const type = typeOfItsOwn();
    const [taken, filtered, disabled, other, erased] = [
      await both.hook(type),
      await both.hook(type, { data: { total: { $gte: 100 } } }),
      await both.hook(type),
      await both.hook(typeOfItsOwn()),
      await both.hook(type, { tags: 'x' }),
    ];
    await both.patch(disabled, { active: false });
    const { id } = await both.send(type, { total: 7 });
    const later = await both.hook(type);
    expect(await explained(id, taken)).toMatchObject({
      verdict: 'matched',
      failedClause: null,
      deliveryId: expect.any(String),
    });
    const failedClause = { clause: 'data.total.$gte', expected: 100 };
    expect(await explained(id, filtered)).toEqual({
      webhookId: filtered,
      verdict: 'filtered_out',
      failedClause,
      changedSince: false,
      deliveryId: null,
      status: null,
    });
    expect(await explained(id, disabled)).toMatchObject({ verdict: 'disabled', status: 'skipped' });
    expect(await explained(id, other)).toMatchObject({ verdict: 'not_subscribed' });
    expect(await explained(id, later)).toMatchObject({ verdict: 'registered_later' });
    await both.patch(filtered, { filter: null });
    expect(await explained(id, filtered)).toMatchObject({ verdict: 'matches_now', changedSince: true });
    const { body } = await both.scene.server.api<{ webhooks: { data: Explanation[] } }>('GET', `/api/events/${id}`);
    expect(body.webhooks.data.find(({ webhookId }) => webhookId === taken)).toMatchObject({ verdict: 'matched' });
    await both.scene.server.api('DELETE', `/api/events/${id}/data`);
    expect(await explained(id, erased)).toMatchObject({ verdict: 'payload_erased' });
    expect(await explained(id, taken)).toMatchObject({ verdict: 'matched' });
  });

  it('explains many webhooks page by page, each once, and to its own tenant alone', async () => {
    const { id } = await both.send(typeOfItsOwn(), {});
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const path: string = `/api/events/${id}/webhooks?limit=3${cursor && `&cursor=${cursor}`}`;
      const page: { data: Explanation[]; nextCursor: string | null } = (
        await both.scene.server.api<typeof page>('GET', path)
      ).body;
      seen.push(...page.data.map(({ webhookId }) => webhookId));
      cursor = page.nextCursor;
    }
    const all = await both.scene.sql<{ id: string }>(
      `SELECT id FROM posthorn.webhook WHERE tenant_id = 'default' AND deleted_at IS NULL ORDER BY id DESC`,
    );
    expect(seen).toEqual(all.map((webhook) => webhook.id));
    expect(seen.length).toBeGreaterThan(3);
    const foreign = await both.scene.server.api('GET', `/api/events/${id}/webhooks`, undefined, { tenant: 'acme' });
    expect(foreign.status).toBe(404);
  });
});
