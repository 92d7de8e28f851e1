import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { EvaluatorBusyError } from '../registry.errors.js';
import { Evaluator } from './evaluator.js';
import type { PayloadTransformer } from './payload-transformer.js';
import { TransformationError, Transformations } from './transformations.js';

afterEach(() => void jest.useRealTimers());

const EVENT = { id: 'e-1', event: 'order.paid', timestamp: '2026-03-01T12:00:00.000Z', data: {} };
const WEBHOOK = { id: 'w-1', tenantId: 'a', url: 'https://shop.example/hooks', transformation: 'data' };

/** What comes of it, ten seconds later. */
async function endOf(transform: PayloadTransformer['transform']): Promise<unknown> {
  const settings = { maxEventSize: 262_144 };
  const transformations = new Transformations({ appliesTo: () => true, transform }, new Evaluator(settings), settings);
  jest.useFakeTimers({ doNotFake: ['setImmediate'] });
  const end = transformations.run(EVENT, WEBHOOK).catch((error: unknown) => error);
  await jest.advanceTimersByTimeAsync(10_000);
  return end;
}

describe('a transformation', () => {
  it('that is never done has failed after a while, and is told that nobody waits for it', async () => {
    let given: AbortSignal | undefined;
    const end = await endOf((_event, _webhook, signal) => {
      given = signal;
      return new Promise(() => undefined);
    });
    expect(end).toBeInstanceOf(TransformationError);
    expect(end).toMatchObject({ message: 'The transformation failed: it took longer than 10000 ms' });
    expect(given?.aborted).toBe(true);
  });

  it('whose turn did not come by then has not failed', async () => {
    const end = await endOf(async (_event, _webhook, signal) => {
      try {
        return await new Promise((_, reject) => {
          signal?.addEventListener('abort', () => reject(new EvaluatorBusyError()));
        });
      } finally {
        // As a class does that goes on from ours.
        await Promise.resolve();
      }
    });
    expect(end).toBeInstanceOf(EvaluatorBusyError);
  });

  it('that is done in time leaves no clock running', async () => {
    expect(await endOf((event) => Promise.resolve(event.id))).toBe('"e-1"');
    expect(jest.getTimerCount()).toBe(0);
  });
});
