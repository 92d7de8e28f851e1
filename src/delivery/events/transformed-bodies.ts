// What goes out in the place of an event: made at the first attempt of a delivery, and stored before it is sent, so that
// every attempt sends the same bytes.
import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS_TOKEN } from '../../platform/config/index.js';
import type { Settings } from '../../platform/config/index.js';
import { Database } from '../../platform/database/index.js';
import type { Statement } from '../../platform/database/index.js';
import { Transformations } from '../../registry/index.js';
import type { PayloadFormat } from '../../registry/index.js';
import type { ClaimedDelivery } from '../claim/claimed-delivery.js';
import { bodyOf, sourceOf } from './payload-format.js';

/** The delivery is not ours to send any more. */
class DeliveryLostError extends Error {
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
      // Locks the one delivery by its key; the fence is that of its outcome. A claim that is given back has its number again when
      // it is taken anew: two may be at it, and what the first one stored is what may have been sent.
      text: `UPDATE ${t.delivery} d
             SET transformed = coalesce(d.transformed, $3), transformed_format = coalesce(d.transformed_format, $4)
             WHERE id = $1 AND status = 'sending' AND attempt_count = $2
             RETURNING transformed, transformed_format AS format`,
    };
  }

  /** Whether something else than the event is sent. What was sent once goes on being sent, whatever became of its webhook. */
  isFor(delivery: ClaimedDelivery): boolean {
    return delivery.isTransformed || this.transformations.applyTo(webhookOf(delivery));
  }

  /**
   * @param data - Of the event, as JSON.
   * @throws TransformationError, EvaluatorBusyError, DeliveryLostError
   */
  async of(delivery: ClaimedDelivery, data: string): Promise<TransformedBody> {
    if (delivery.isTransformed) {
      const [row] = await this.database.query<StoredBody>(this.load, [delivery.id]);
      return storedBody(delivery, row);
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
    const [row] = await this.database.query<StoredBody>(this.store, [id, number, body.toString(), format]);
    return storedBody(delivery, row);
  }
}

interface StoredBody {
  transformed: string | null;
  format: PayloadFormat | null;
}

function storedBody({ format }: ClaimedDelivery, row: StoredBody | undefined): TransformedBody {
  // Null: erased since it was claimed.
  if (!row?.transformed) throw new DeliveryLostError();
  return { body: Buffer.from(row.transformed), format: row.format ?? format };
}

const webhookOf = ({ webhookId: id, tenantId, url, transformation }: ClaimedDelivery) => ({
  id,
  tenantId,
  url,
  transformation,
});
