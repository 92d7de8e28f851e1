import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PosthornModule } from 'posthorn';
import { Acme } from './acme.provider.js';
import { CompanyModule } from './company/company.module.js';
import { HubSettings } from './company/hub-settings.js';
import { MeshTransport } from './mesh.transport.js';
import { PagerAlerts } from './pager.alerts.js';
import { Parcel } from './parcel.entity.js';
import { Parcels } from './parcels.js';
import { VaultCipher } from './vault.cipher.js';

@Module({})
export class HubModule {
  static register(databaseUrl = process.env.DATABASE_URL): DynamicModule {
    return {
      module: HubModule,
      imports: [
        TypeOrmModule.forRoot({ type: 'postgres', url: databaseUrl, entities: [Parcel], synchronize: true }),
        PosthornModule.forRootAsync({
          // For the factory, and for the classes below.
          imports: [CompanyModule],
          inject: [HubSettings],
          useFactory: ({ encryptionKey, adminApiKey, acmeSecrets }: HubSettings) => ({
            databaseUrl,
            encryptionKey,
            adminApiKey,
            sources: [{ name: 'acme', provider: 'acme', secrets: acmeSecrets }],
          }),
          providers: [Acme],
          secretCipher: VaultCipher,
          transport: MeshTransport,
          alertSinks: [PagerAlerts],
        }),
      ],
      providers: [Parcels],
    };
  }
}
