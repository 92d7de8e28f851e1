// The description of the API for programs and people. Only the server imports this file: the Swagger UI's assets are
// heavy, and a host has its own.
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { VERSION } from '../../kernel/version.js';

const DESCRIPTION = `Send, receive and manage webhooks.

**To authorize**, press *Authorize* and paste an API key: the admin key stands in the server's first log, or in
\`ADMIN_API_KEY\`. Programs send it as \`Authorization: Bearer <key>\`. The admin key acts for the tenant named in
\`X-Tenant\`, \`default\` without it. Every other key acts for its own tenant, as far as its scopes go: a route that takes
another answers 403.

Lists are newest first and continue with \`?cursor=<nextCursor>\`. Every refusal is \`{ error, code, requestId, details? }\`.`;

/** Serves OpenAPI 3 at `/docs-json` and Swagger UI at `/docs`. */
export function serveOpenApi(app: INestApplication, version = VERSION): void {
  const config = new DocumentBuilder()
    .setTitle('Posthorn')
    .setDescription(DESCRIPTION)
    .setVersion(version)
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key.' })
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, config), {
    jsonDocumentUrl: 'docs-json',
    customSiteTitle: 'Posthorn API',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true },
  });
}
