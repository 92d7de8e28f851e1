// The published contract of payload transformers: ours passes it, and each way to be wrong fails a case of its own.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JsonataTransformer } from '../../src/index.js';
import type { PayloadTransformer, TransformedEvent, TransformingWebhook } from '../../src/index.js';
import { SETTINGS_TOKEN } from '../../src/platform/config/index.js';
import { Evaluator } from '../../src/registry/transformation/evaluator.js';
import { payloadTransformerContract } from '../../src/testing/index.js';

@Module({
  providers: [JsonataTransformer, Evaluator, { provide: SETTINGS_TOKEN, useValue: { maxEventSize: 262_144 } }],
})
class TransformingModule {}

let application: INestApplicationContext;
beforeAll(async () => {
  application = await NestFactory.createApplicationContext(TransformingModule, { logger: false });
});
afterAll(() => application.close());

describe.each([
  ['without an expression', null],
  ['with one', '{ "type": event, "payload": data }'],
])('the transformer of Posthorn, %s,', (_, transformation) => {
  for (const { name, run } of payloadTransformerContract(() => application.get(JsonataTransformer), { transformation }))
    it(name, run);
});

const applies = (): boolean => true;
const transforming = (
  transform: (event: TransformedEvent, webhook: TransformingWebhook) => unknown,
): PayloadTransformer => ({
  appliesTo: applies,
  transform,
});
const says = (appliesTo: () => boolean): PayloadTransformer => ({ appliesTo, transform: (event) => event });
let asked = 0;

/** What is wrong, and the case that must see it. */
const WRONG: [string, () => PayloadTransformer, string][] = [
  ['a promise whether it applies', () => says(() => Promise.resolve(true) as unknown as boolean), 'says at once'],
  ['a mind that changes', () => says(() => (asked += 1) % 2 === 0), 'says at once'],
  ['nothing to send', () => transforming(() => undefined), 'makes JSON'],
  ['what JSON cannot say', () => transforming(() => 1n), 'makes JSON'],
  [
    'an eye for one kind of event',
    () => transforming(({ data }) => (data as { orderId: string }).orderId.length),
    'makes JSON',
  ],
  [
    'a hand in the payload',
    () => transforming(({ data }) => delete (data as { total?: number }).total),
    'changes nothing',
  ],
];

describe('a transformer with', () => {
  it.each(WRONG)('%s fails a case', async (_, make, part) => {
    const wrong = payloadTransformerContract(make).find(({ name }) => name.includes(part));
    await expect(async () => wrong?.run()).rejects.toThrow();
  });
});
