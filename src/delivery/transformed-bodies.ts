// What goes out in the place of an event: made at the first attempt of a delivery, and stored before it is sent, so that
// every attempt sends the same bytes.
import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { Database } from '../platform/database/index.js';
import type { Statement } from '../platform/database/index.js';
import { Transformations } from '../registry/index.js';
import type { ClaimedDelivery } from './claimed-delivery.js';
import { bodyOf, sourceOf } from './payload-format.js';

/** The delivery is not ours to send any more. */
export class DeliveryLostError extends Error {
  constructor() {
    super('another process has it');
  }
}

@Injectable()
export class TransformedBodies {
  private readonly load: Statement;
  private readonly store: Statement;

  constructor(
    private readonly database: Database,
    private readonly transformations: Transformations,
    @Inject(SETTINGS_TOKEN) private readonly settings: Pick<Settings, 'publicUrl'>,
  ) {
    const t = database.tables;
    this.load = {
      name: 'posthorn_delivery_transformed',
      text: `SELECT transformed FROM ${t.delivery} WHERE id = $1`,
    };
    this.store = {
      name: 'posthorn_delivery_transform',
      // Locks the one delivery by its key; the fence is that of its outcome.
      text: `UPDATE ${t.delivery} SET transformed = $3
             WHERE id = $1 AND status = 'sending' AND attempt_count = $2 RETURNING id`,
    };
  }

  /** Whether something else than the event is sent. What was sent once goes on being sent, whatever became of its webhook. */
  isFor(delivery: ClaimedDelivery): boolean {
    return delivery.isTransformed || this.transformations.applyTo(webhookOf(delivery));
  }

  /**
   * @param data - Of the event, as JSON.
   * @throws TransformationError, DeliveryLostError
   */
  async of(delivery: ClaimedDelivery, data: string): Promise<Buffer> {
    if (delivery.isTransformed) {
      const [row] = await this.database.query<{ transformed: string | null }>(this.load, [delivery.id]);
      // Null: erased since it was claimed.
      if (!row?.transformed) throw new DeliveryLostError();
      return Buffer.from(row.transformed);
    }
    const json = await this.transformations.run(
      {
        id: delivery.eventId,
        event: delivery.eventType,
        timestamp: delivery.occurredAt.toISOString(),
        data: JSON.parse(data) as unknown,
      },
      webhookOf(delivery),
    );
    // The envelope is what makes it a CloudEvent; our own is the transformation's to make.
    const body =
      delivery.format === 'native'
        ? Buffer.from(json)
        : bodyOf(delivery, json, delivery.format, sourceOf(this.settings));
    const stored = await this.database.query(this.store, [delivery.id, delivery.number, body.toString()]);
    if (stored.length === 0) throw new DeliveryLostError();
    return body;
  }
}

const webhookOf = ({ webhookId: id, tenantId, url, transformation }: ClaimedDelivery) => ({
  id,
  tenantId,
  url,
  transformation,
});
