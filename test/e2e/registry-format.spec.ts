// The payload format of a webhook, as a client of the API chooses it.
import { describe, expect, it } from '@jest/globals';
import { refusal, RegistryScene, URL_A } from './registry.harness.js';

const scene = RegistryScene.forTests();

const patch = (id: string, format: unknown) => scene.as('default').patch(`/api/webhooks/${id}`).send({ format });

describe('the payload format', () => {
  it('is our own unless another is asked for', async () => {
    expect(await scene.register('default')).toMatchObject({ format: 'native' });
    for (const format of ['native', 'cloudevents-structured', 'cloudevents-binary']) {
      const { id } = await scene.register('default', { format });
      expect(await scene.read('default', id)).toMatchObject({ format });
    }
  });

  it('can be changed, and stays when something else is', async () => {
    const { id } = await scene.register('default');
    expect((await patch(id, 'cloudevents-binary').expect(200)).body).toMatchObject({ format: 'cloudevents-binary' });
    await scene.as('default').patch(`/api/webhooks/${id}`).send({ description: 'x' }).expect(200);
    expect(await scene.read('default', id)).toMatchObject({ format: 'cloudevents-binary', description: 'x' });
  });

  it.each(['cloudevents', 'Native', '', null, 7, ['native'], { native: true }])(
    'is none such as %j',
    async (format) => {
      const { id } = await scene.register('default');
      const expected = { status: 400, code: 'validation_failed', details: [expect.stringContaining('format')] };
      expect(await refusal(patch(id, format))).toMatchObject(expected);
      const body = { url: URL_A, events: ['*'], format };
      expect(await refusal(scene.as('default').post('/api/webhooks').send(body))).toMatchObject(expected);
      expect(await scene.read('default', id)).toMatchObject({ format: 'native' });
    },
  );
});
