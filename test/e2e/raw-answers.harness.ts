// Deliveries to receivers that answer with any bytes, at any pace: shared by the specs about what such answers come to.
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import type { PosthornOptions } from '../../src/platform/config/index.js';
import { rawReceivers } from '../setup/raw-receiver.js';
import type { RawAnswer, RawBehaviour, RawReceiver } from '../setup/raw-receiver.js';
import { DeliveryScene } from './delivery.harness.js';
import type { Delivery } from './delivery.harness.js';

/** Answers with these bytes, and closes the connection unless it is told not to. */
export const says =
  (bytes: string | Buffer, { close = true } = {}): RawAnswer =>
  (socket) => {
    socket.write(bytes);
    if (close) socket.end();
  };

export interface RawDeliveries {
  /** What the receivers are registered at. */
  readonly scene: DeliveryScene;
  readonly rawReceiver: typeof RawReceiver.start;
  /** One event to a receiver of this kind, followed to the end. */
  readonly outcomeOf: (
    answer: RawAnswer,
    webhook?: object,
    behaviour?: RawBehaviour,
  ) => Promise<Delivery & { readonly receiver: RawReceiver }>;
  /** Another receiver is still served: nothing was wedged, aborted or left behind. */
  readonly expectStillDelivering: () => Promise<void>;
}

/** Opens a scene for the tests of a file, of which each delivery is tried twice. */
export function rawDeliveries(options: PosthornOptions = {}): RawDeliveries {
  const rawReceiver = rawReceivers();
  let scene: DeliveryScene;

  beforeAll(async () => {
    scene = await DeliveryScene.open({ retrySchedule: ['20ms'], ...options });
  });
  afterAll(() => scene?.close());
  afterEach(() => scene.closeReceivers());

  return {
    get scene() {
      return scene;
    },
    rawReceiver,
    outcomeOf: async (answer, webhook = {}, behaviour) => {
      const receiver = await rawReceiver(answer, behaviour);
      const target = await scene.target(receiver.url, webhook);
      return { ...(await scene.settled(await target.send())), receiver };
    },
    expectStillDelivering: async () => {
      const receiver = await scene.receiver(200);
      const target = await scene.target(receiver.url);
      expect(await scene.settled(await target.send())).toMatchObject({ status: 'success', attemptCount: 1 });
    },
  };
}
