import { NestFactory } from '@nestjs/core';
import { ShopModule } from './shop.module.js';

const app = await NestFactory.create(ShopModule.register());
app.enableShutdownHooks();
await app.listen(process.env.PORT ?? 3000, '127.0.0.1');
console.log(`The shop listens at ${await app.getUrl()}`);
