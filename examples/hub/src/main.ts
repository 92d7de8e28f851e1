import { NestFactory } from '@nestjs/core';
import { HubModule } from './hub.module.js';

const app = await NestFactory.create(HubModule.register());
app.enableShutdownHooks();
await app.listen(process.env.PORT ?? 3000, '127.0.0.1');
console.log(`The hub listens at ${await app.getUrl()}`);
