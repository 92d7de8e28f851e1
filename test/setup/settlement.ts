// Outcomes of first attempts, as settling takes them, for deliveries that were never sent.
import type { Settlement } from '../../src/delivery/settle/settlement.js';

export function settlementOf(id: string, { succeeds }: { succeeds: boolean }): Settlement {
  const [outcome, status] = succeeds ? ['success', 'success'] : ['server_error', 'failed'];
  return {
    delivery: { id, number: 1 },
    attempt: { startedAt: new Date(), durationMs: 1, outcome, url: 'https://example.com/', requestHeaders: '{}' },
    verdict: { status, retriesUsed: 0 },
  } as Settlement;
}
