// How the secrets of sources are sealed and opened: each by the id of its row, so that none can stand in another's place.
import { Injectable } from '@nestjs/common';
import { newId } from '../kernel/ids.js';
import { Secret } from '../kernel/secret.js';
import { SealedSecrets } from '../platform/secrets/index.js';
import type { NewSourceSecret } from './secrets.repository.js';
import type { SourceSecret } from './source-secret.entity.js';
import type { Source } from './source.entity.js';

@Injectable()
export class SourceSecrets {
  constructor(private readonly secrets: SealedSecrets) {}

  /** A new row, newer than all made before it. */
  async seal(
    { id: sourceId, tenantId }: Pick<Source, 'id' | 'tenantId'>,
    secret: Secret,
    id: string = newId(),
  ): Promise<NewSourceSecret> {
    return { id, tenantId, sourceId, ciphertext: await this.secrets.seal(secret.reveal(), id), hint: secret.hint };
  }

  /** New rows of which the first secret is the newest: lists name the one in use first. */
  sealAll(source: Pick<Source, 'id' | 'tenantId'>, secrets: readonly Secret[]): Promise<NewSourceSecret[]> {
    return Promise.all(secrets.toReversed().map((secret) => this.seal(source, secret, newId())));
  }

  /** @throws SecretBoxError when the key is not ours, SecretsAwayError. */
  async open({ id, ciphertext }: Pick<SourceSecret, 'id' | 'ciphertext'>): Promise<Secret> {
    return new Secret(await this.secrets.open(ciphertext, id));
  }
}
