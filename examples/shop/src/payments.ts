import { Injectable } from '@nestjs/common';
import { OnWebhook } from 'posthorn';
import type { ReceivedEvent } from 'posthorn';
import { Orders } from './orders.js';

interface PaymentIntentSucceeded {
  data: { object: { id: string; amount: number; metadata: { orderId: string } } };
}

@Injectable()
export class Payments {
  constructor(private readonly orders: Orders) {}

  @OnWebhook('stripe', 'payment_intent.succeeded')
  async onPaid({ data }: ReceivedEvent<PaymentIntentSucceeded>): Promise<void> {
    const { amount, metadata } = data.data.object;
    await this.orders.complete(metadata.orderId, (amount / 100).toFixed(2));
  }
}
