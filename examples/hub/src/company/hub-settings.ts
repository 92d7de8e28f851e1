import { Injectable } from '@nestjs/common';

/** Stands for the company's way of configuring applications. */
@Injectable()
export class HubSettings {
  readonly encryptionKey = process.env.ENCRYPTION_KEY;
  readonly adminApiKey = process.env.ADMIN_API_KEY;
  readonly acmeSecrets = (process.env.ACME_SECRETS ?? 'made-up-for-this-machine').split(',');
}
