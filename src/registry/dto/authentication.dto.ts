// How a webhook's requests are authenticated, as clients give it and as it is shown. Here it may be anything: the service
// judges it, and says what is wrong.
import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import type { ApiPropertyOptions } from '@nestjs/swagger';
import { Allow } from 'class-validator';
import { AUTHENTICATION_TYPES } from '../../kernel/authentication.js';
import type { AuthenticationFacts } from '../../kernel/authentication.js';

/** `unreadable`: there is one, and no encryption key of this installation opens it. */
export type AuthenticationView = AuthenticationFacts | { readonly type: 'unreadable' };

const TEXT = { type: 'string', minLength: 1, maxLength: 4_096 } as const;
const PEM = { type: 'string', minLength: 1, maxLength: 32_768 } as const;

const given = (type: (typeof AUTHENTICATION_TYPES)[number], fields: object, optional: object = {}) => ({
  type: 'object' as const,
  required: ['type', ...Object.keys(fields)],
  additionalProperties: false,
  properties: { type: { type: 'string' as const, enum: [type] }, ...fields, ...optional },
});

export const AuthenticationField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      nullable: true,
      description:
        'How requests are authenticated, beside signatures; secrets are never shown again. The whole of it replaces what there was. Null: not at all.',
      oneOf: [
        given('basic', { username: { ...TEXT, minLength: 0 }, password: TEXT }, { ca: PEM }),
        given('bearer', { token: TEXT }, { ca: PEM }),
        given(
          'oauth2',
          { tokenUrl: { ...TEXT, format: 'uri' }, clientId: TEXT, clientSecret: TEXT },
          {
            scope: TEXT,
            audience: TEXT,
            clientAuthentication: { type: 'string', enum: ['header', 'body'], default: 'header' },
            ca: PEM,
          },
        ),
        given('mtls', { certificate: PEM, privateKey: PEM }, { ca: PEM }),
        given('tls', { ca: PEM }),
      ],
      example: { type: 'basic', username: 'posthorn', password: 's3cret' },
    }),
    Allow(),
  );

export const AUTHENTICATION_VIEW: ApiPropertyOptions = {
  type: 'object',
  nullable: true,
  description:
    'How requests are authenticated, without what is secret. `unreadable`: no encryption key of this installation opens it. Null: by signatures alone.',
  required: ['type'],
  properties: {
    type: { type: 'string', enum: [...AUTHENTICATION_TYPES, 'unreadable'] },
    username: { type: 'string', description: 'Of `basic`.' },
    tokenUrl: {
      type: 'string',
      description: 'Of `oauth2`, as are `clientId`, `scope`, `audience`, `clientAuthentication`.',
    },
    clientId: { type: 'string' },
    scope: { type: 'string' },
    audience: { type: 'string' },
    clientAuthentication: { type: 'string', enum: ['header', 'body'] },
    subject: { type: 'string', description: 'Of `mtls`: whom the certificate names.' },
    expiresAt: { type: 'string', format: 'date-time', description: 'Of `mtls`: when the certificate ends.' },
    authority: { type: 'string', description: 'Whom the certificate of `ca` names, where there is one.' },
  },
  example: null,
};
