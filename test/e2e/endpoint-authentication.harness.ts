// What is told and stored of a webhook's credentials: shared by the specs about them, which look for secrets in it.
import type { Delivery, DeliveryScene } from './delivery.harness.js';

/** All that the API tells of a webhook and its deliveries, and all that is stored, in readable form. */
export async function told(scene: DeliveryScene, webhookId: string, delivery?: Delivery): Promise<string> {
  const pages = await Promise.all(
    [`/api/webhooks/${webhookId}`, '/api/webhooks', '/api/audit-log', '/api/deliveries'].map(
      async (path) => (await scene.server.api('GET', path)).body,
    ),
  );
  const rows = await scene.sql(
    `SELECT encode(coalesce(authentication, ''), 'escape') AS box, (SELECT string_agg(a::text, '') FROM posthorn.delivery_attempt a) AS attempts
     FROM posthorn.webhook WHERE id = $1`,
    [webhookId],
  );
  return JSON.stringify([pages, rows, delivery]);
}
