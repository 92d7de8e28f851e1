// How a portal session looks from outside. Its token is in one answer only: the one that makes it.
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Secret } from '../../../kernel/secret.js';
import { NOT_REPEATED } from '../../../platform/idempotency/index.js';
import { PORTAL_SECTIONS } from '../portal-sections.js';
import type { PortalSection } from '../portal-sections.js';
import type { PortalSession } from '../portal-session.entity.js';

const TIME = '2026-03-01T12:00:00.000Z';

export class PortalSessionDto {
  @ApiProperty({ format: 'uuid', example: '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d' })
  id!: string;

  @ApiProperty({ enum: PORTAL_SECTIONS, enumName: 'PortalSection', isArray: true, example: ['webhooks', 'deliveries'] })
  sections!: PortalSection[];

  @ApiProperty({ example: false })
  readOnly!: boolean;

  @ApiProperty({ type: String, nullable: true, example: 'ada@acme.example' })
  user!: string | null;

  @ApiProperty({ format: 'date-time', example: TIME })
  createdAt!: string;

  @ApiProperty({ format: 'date-time', example: TIME })
  expiresAt!: string;

  static of({ id, sections, readOnly, user, createdAt, expiresAt }: PortalSession): PortalSessionDto {
    return {
      id,
      sections,
      readOnly,
      user,
      createdAt: createdAt.toISOString(),
      expiresAt: expiresAt.toISOString(),
    };
  }
}

export class CreatedPortalSessionDto extends PortalSessionDto {
  @ApiPropertyOptional({
    description:
      'The link. The token stands behind the `#`, which browsers send to nobody: no log of a server or a proxy has it. ' +
      `Shown only here, and ${NOT_REPEATED}.`,
    example: 'https://hooks.example/dashboard/#token=pp_<49 letters and digits>',
  })
  url?: string;

  @ApiPropertyOptional({
    description: `Sent as \`Authorization: Bearer <token>\`. Shown only here, and ${NOT_REPEATED}.`,
    example: 'pp_<49 letters and digits>',
  })
  token?: string;

  static reveal(created: PortalSessionDto, dashboardUrl: string, secret: Secret): CreatedPortalSessionDto {
    const token = secret.reveal();
    return { ...created, url: `${dashboardUrl}#token=${token}`, token };
  }
}
