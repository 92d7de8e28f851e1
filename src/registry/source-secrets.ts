// How the secrets of sources are sealed and opened: each by the id of its row, so that none can stand in another's place.
import { Injectable } from '@nestjs/common';
import { newId } from '../kernel/ids.js';
import { SecretBox } from '../kernel/secret-box.js';
import { Secret } from '../kernel/secret.js';
import type { SourceSecret } from './source-secret.entity.js';
import type { Source } from './source.entity.js';
import type { NewSourceSecret } from './sources.repository.js';

@Injectable()
export class SourceSecrets {
  constructor(private readonly box: SecretBox) {}

  /** A new row, newer than all made before it. */
  seal({ id: sourceId, tenantId }: Pick<Source, 'id' | 'tenantId'>, secret: Secret): NewSourceSecret {
    const id = newId();
    return { id, tenantId, sourceId, ciphertext: this.box.seal(secret.reveal(), id), hint: secret.hint };
  }

  /** New rows of which the first secret is the newest: lists name the one in use first. */
  sealAll(source: Pick<Source, 'id' | 'tenantId'>, secrets: readonly Secret[]): NewSourceSecret[] {
    return secrets.toReversed().map((secret) => this.seal(source, secret));
  }

  /** @throws SecretBoxError when the key is not ours. */
  open({ id, ciphertext }: Pick<SourceSecret, 'id' | 'ciphertext'>): Secret {
    return new Secret(this.box.open(ciphertext, id));
  }
}
