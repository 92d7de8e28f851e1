// The description of the API for programs and people. Only the server imports this file: the Swagger UI's assets are
// heavy, and a host has its own.
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import { VERSION } from '../../kernel/version.js';
import { addRefusalExamples } from './refusal-examples.js';

const DESCRIPTION = `Send, receive and manage webhooks.

**To authorize**, press *Authorize* and paste an API key: the admin key stands in the server's first log, or in
\`ADMIN_API_KEY\`. Programs send it as \`Authorization: Bearer <key>\`. The admin key acts for the tenant named in
\`X-Tenant\`, \`default\` without it. Every other key acts for its own tenant, as far as its scopes go: a route that takes
another answers 403.

**What comes in** is posted to \`/webhooks/<source>\`, \`/webhooks/<tenant>/<source>\` for other tenants than \`default\`, in whatever
form its sender gives it, signed as the sender signs. Those routes are therefore not listed here.

Lists are newest first and continue with \`?cursor=<nextCursor>\`. Every refusal is \`{ error, code, requestId, details? }\`.`;

/** The groups of routes, in the order in which somebody new needs them. */
const GROUPS = [
  ['Webhooks', 'Who is sent what: URLs, event types, signing secrets, limits. Begin here.'],
  ['Events', 'What happened, to be sent to the webhooks that subscribe to it.'],
  ['Deliveries', 'The log of what was sent: each delivery with its attempts.'],
  ['Event types', 'The catalogue of what may be sent, with schemas and examples.'],
  ['Sources', 'Whom webhooks are received from, and how their signatures are verified.'],
  ['Received events', 'The log of what came in, and of the handlers that ran for it.'],
  ['Stream', 'What happens, while it happens.'],
  ['Stats', 'How many attempts succeed, how long they take, and what waits.'],
  ['Tenants', 'Whose webhooks, events and sources these are. For the administrator.'],
  ['API keys', 'Keys of programs, each for one tenant, with scopes.'],
  ['Portal sessions', 'Links that show a customer their part of the dashboard.'],
  ['Audit log', 'Who changed what.'],
  ['Encryption', 'The key under which secrets are stored. For the administrator.'],
  ['Queues', 'The timers of retries. For the administrator.'],
  ['Storage', 'How much of the log is kept, and since when. For the administrator.'],
  ['Health', 'For load balancers and orchestrators.'],
  ['Metrics', 'For Prometheus.'],
] as const;

/** Serves OpenAPI 3 at `/docs-json` and Swagger UI at `/docs`. */
export function serveOpenApi(app: INestApplication, version = VERSION): void {
  const config = new DocumentBuilder()
    .setTitle('Posthorn')
    .setDescription(DESCRIPTION)
    .setVersion(version)
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key.' });
  for (const [name, description] of GROUPS) config.addTag(name, description);
  const describe = (): OpenAPIObject => {
    const document = SwaggerModule.createDocument(app, config.build());
    addRefusalExamples(document);
    return document;
  };
  SwaggerModule.setup('docs', app, describe, {
    jsonDocumentUrl: 'docs-json',
    customSiteTitle: 'Posthorn API',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true },
  });
}
