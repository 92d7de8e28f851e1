// An application that is CommonJS still, in TypeScript: `require` of a package that is ESM.
import { Module } from '@nestjs/common';
import { EventDispatcher, PosthornModule } from 'posthorn';
import { TestPosthorn } from 'posthorn/testing';

@Module({ imports: [PosthornModule.forRoot({})] })
class OldModule {}

async function main(): Promise<void> {
  const posthorn = await TestPosthorn.create({ imports: [OldModule], postgres: process.env.TEST_DATABASE_URL });
  const receiver = await posthorn.subscribe('order.*');
  await posthorn.get(EventDispatcher).dispatch('order.shipped', { orderId: '1042' });
  const { event, data } = await receiver.nextEvent();
  await posthorn.close();
  console.log(JSON.stringify({ event, data }));
}

void main();
