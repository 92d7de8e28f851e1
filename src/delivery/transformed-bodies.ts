// What goes out in the place of an event: made at the first attempt of a delivery, and stored before it is sent, so that
// every attempt sends the same bytes.
import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { Database } from '../platform/database/index.js';
import type { Statement } from '../platform/database/index.js';
import { Transformations } from '../registry/index.js';
import type { PayloadFormat } from '../registry/index.js';
import type { ClaimedDelivery } from './claimed-delivery.js';
import { bodyOf, sourceOf } from './payload-format.js';

/** The delivery is not ours to send any more. */
export class DeliveryLostError extends Error {
  constructor() {
    super('another process has it');
  }
}

/** What is sent in the place of an event, and how it is written: a webhook may ask for another format by the next attempt. */
export interface TransformedBody {
  readonly body: Buffer;
  readonly format: PayloadFormat;
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
      text: `SELECT transformed, transformed_format AS format FROM ${t.delivery} WHERE id = $1`,
    };
    this.store = {
      name: 'posthorn_delivery_transform',
      // Locks the one delivery by its key; the fence is that of its outcome.
      text: `UPDATE ${t.delivery} SET transformed = $3, transformed_format = $4
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
  async of(delivery: ClaimedDelivery, data: string): Promise<TransformedBody> {
    if (delivery.isTransformed) {
      const [row] = await this.database.query<StoredBody>(this.load, [delivery.id]);
      // Null: erased since it was claimed.
      if (!row?.transformed) throw new DeliveryLostError();
      return { body: Buffer.from(row.transformed), format: row.format ?? delivery.format };
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
    const { id, number, format } = delivery;
    // The envelope is what makes it a CloudEvent; our own is the transformation's to make.
    const body = format === 'native' ? Buffer.from(json) : bodyOf(delivery, json, format, sourceOf(this.settings));
    const stored = await this.database.query(this.store, [id, number, body.toString(), format]);
    if (stored.length === 0) throw new DeliveryLostError();
    return { body, format };
  }
}

interface StoredBody {
  transformed: string | null;
  format: PayloadFormat | null;
}

const webhookOf = ({ webhookId: id, tenantId, url, transformation }: ClaimedDelivery) => ({
  id,
  tenantId,
  url,
  transformation,
});
