import { Injectable } from '@nestjs/common';
import { EventDispatcher } from 'posthorn';
import { DataSource } from 'typeorm';
import { ShopOrder } from './shop-order.entity.js';

declare module 'posthorn' {
  interface PosthornEvents {
    'order.completed': { orderId: string; total: string };
  }
}

@Injectable()
export class Orders {
  constructor(
    private readonly dispatcher: EventDispatcher,
    private readonly db: DataSource,
  ) {}

  async complete(orderId: string, total: string): Promise<void> {
    await this.db.transaction(async (manager) => {
      await this.dispatcher.dispatch('order.completed', { orderId, total }, { manager });
      const { affected } = await manager.update(ShopOrder, { id: orderId, completed: false }, { completed: true });
      if (affected === 0) throw new Error(`There is no open order ${orderId}.`); // and so nothing is sent
    });
  }
}
