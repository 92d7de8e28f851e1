// What every payload transformer must do, ours or a team's own. The cases assert by themselves, so that any test runner will do.
import assert from 'node:assert/strict';
import type { PayloadTransformer, TransformedEvent, TransformingWebhook } from '../registry/index.js';
import type { ContractCase } from './contract/bench.js';

const WEBHOOK: TransformingWebhook = {
  id: '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4e',
  tenantId: 'default',
  url: 'https://shop.example/hooks',
  transformation: null,
};

const DATA: readonly unknown[] = [
  {},
  { orderId: 'o-1', total: 250, lines: [{ sku: 'a', n: 1 }], customer: { country: 'CH', iban: null } },
  { text: 'żółw 🐢 \u0000 \ud800', nested: { deep: { deeper: [[], [[1.5e300]], { '': false }] } } },
  { ['__proto__']: { polluted: true }, constructor: 'x', toString: 1 },
  { many: Array.from({ length: 1_000 }, (_, n) => ({ n })) },
];

const events = (): TransformedEvent[] =>
  DATA.map((data) => ({
    id: '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4f',
    event: 'order.completed',
    timestamp: '2026-01-01T00:00:00.000Z',
    data,
  }));

/**
 * The cases that a payload transformer must pass: it knows at once whether it applies, it makes JSON of whatever an event
 * holds, and it changes nothing of what it is given.
 *
 * @param make - Makes one, for each case anew.
 * @param webhook - What of the webhook matters to it, such as its tenant.
 * @example
 * for (const { name, run } of payloadTransformerContract(() => new MaskedPayloads())) it(name, run);
 */
export function payloadTransformerContract(
  make: () => PayloadTransformer,
  webhook: Partial<TransformingWebhook> = {},
): ContractCase[] {
  const target = { ...WEBHOOK, ...webhook };
  return [
    {
      name: 'says at once whether it applies to a webhook, and the same each time',
      run: () => {
        const transformer = make();
        const says: unknown = transformer.appliesTo(target);
        assert.equal(typeof says, 'boolean', `it says ${String(says)}`);
        assert.equal(transformer.appliesTo({ ...target }), says);
        return Promise.resolve();
      },
    },
    {
      name: 'makes JSON of every event',
      run: async () => {
        const transformer = make();
        for (const event of events()) {
          const json: unknown = JSON.stringify(await transformer.transform(event, target));
          assert.equal(typeof json, 'string', `it made nothing of ${JSON.stringify(event)}`);
        }
      },
    },
    {
      name: 'changes nothing of what it is given, and nothing that others share',
      run: async () => {
        const transformer = make();
        for (const event of events()) {
          const before = JSON.stringify(event);
          await transformer.transform(event, target);
          assert.equal(JSON.stringify(event), before);
          assert.equal(({} as { polluted?: unknown }).polluted, undefined, 'it changed the prototype of all objects');
        }
      },
    },
  ];
}
