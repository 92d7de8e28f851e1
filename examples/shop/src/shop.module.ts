import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PosthornModule } from 'posthorn';
import { Orders } from './orders.js';
import { PatientRetries } from './patient-retries.js';
import { Payments } from './payments.js';
import { ShopOrder } from './shop-order.entity.js';
import { StaffAuthenticator } from './staff.authenticator.js';

@Module({})
export class ShopModule {
  static register(databaseUrl = process.env.DATABASE_URL): DynamicModule {
    return {
      module: ShopModule,
      imports: [
        TypeOrmModule.forRoot({ type: 'postgres', url: databaseUrl, entities: [ShopOrder], synchronize: true }),
        PosthornModule.forRoot({
          databaseUrl,
          encryptionKey: process.env.ENCRYPTION_KEY,
          adminApiKey: process.env.ADMIN_API_KEY,
          stripeWebhookSecret: process.env.STRIPE_WEBHOOK_SECRET,
          retryPolicy: PatientRetries,
          authenticator: StaffAuthenticator,
        }),
      ],
      providers: [Orders, Payments],
    };
  }
}
