// A small application as a team has it, in plain JavaScript: the runners differ in how they compile TypeScript.
import { Inject, Injectable, Module } from '@nestjs/common';
import { EventDispatcher, OnWebhook, PosthornModule } from 'posthorn';

export class Payments {
  constructor(dispatcher) {
    this.dispatcher = dispatcher;
  }

  async onPaid({ data }) {
    await this.dispatcher.dispatch('order.paid', { id: data.data.object.id });
  }
}
Injectable()(Payments);
Inject(EventDispatcher)(Payments, undefined, 0);
OnWebhook('stripe', 'payment_intent.succeeded')(
  Payments.prototype,
  'onPaid',
  Object.getOwnPropertyDescriptor(Payments.prototype, 'onPaid'),
);

export class ShopModule {}
Module({ imports: [PosthornModule.forRoot({})], providers: [Payments] })(ShopModule);
