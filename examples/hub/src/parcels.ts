import { Injectable } from '@nestjs/common';
import { EventDispatcher, OnWebhook } from 'posthorn';
import type { ReceivedEvent } from 'posthorn';
import type { EntityManager } from 'typeorm';
import { Parcel } from './parcel.entity.js';

declare module 'posthorn' {
  interface PosthornEvents {
    'parcel.moved': { parcel: string; state: string };
  }
}

interface AcmeEvent {
  parcel: string;
}

@Injectable()
export class Parcels {
  constructor(private readonly dispatcher: EventDispatcher) {}

  /** What is stored, what is dispatched and that it succeeded commit together: exactly once for each event. */
  @OnWebhook('acme', 'parcel.*', { transactional: true })
  async onMoved({ type, data }: ReceivedEvent<AcmeEvent>, manager: EntityManager): Promise<void> {
    const moved = { parcel: data.parcel, state: type.slice('parcel.'.length) };
    await manager.upsert(Parcel, { id: moved.parcel, state: moved.state }, ['id']);
    await this.dispatcher.dispatch('parcel.moved', moved, { manager });
  }
}
