import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { SCOPES } from '../../platform/access/index.js';
import type { Principal, Scope } from '../../platform/access/index.js';
import type { TenantDto } from './tenant.dto.js';

class OwnTenantDto {
  @ApiProperty({ example: 'acme' })
  id!: string;

  @ApiProperty({ example: 'Acme Inc.' })
  name!: string;
}

class PortalThemeViewDto {
  @ApiPropertyOptional({ example: '#0b6e4f' })
  accent?: string;

  @ApiPropertyOptional({ enum: ['light', 'dark'], enumName: 'PortalMode' })
  mode?: 'light' | 'dark';
}

class PortalViewDto {
  @ApiProperty({ type: [String], example: ['webhooks', 'deliveries'] })
  sections!: string[];

  @ApiProperty({ type: PortalThemeViewDto })
  theme!: PortalThemeViewDto;
}

export class MeDto {
  @ApiProperty({ type: OwnTenantDto })
  tenant!: OwnTenantDto;

  @ApiProperty({
    description: '`admin`, `key:<id>`, `portal:<user>`, or the subject of a user.',
    example: 'key:01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d',
  })
  subject!: string;

  @ApiProperty({ enum: SCOPES, enumName: 'Scope', isArray: true, example: ['webhooks:write', 'deliveries:read'] })
  scopes!: Scope[];

  @ApiProperty({
    description: 'Whether it may manage tenants, and act for each of them by `X-Tenant`.',
    example: false,
  })
  installation!: boolean;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'Null: never.', example: null })
  expiresAt!: string | null;

  @ApiProperty({
    type: PortalViewDto,
    nullable: true,
    description: 'What the dashboard shows, for who came by a portal link. Null: everything.',
    example: null,
  })
  portal!: PortalViewDto | null;

  static of({ subject, scopes, installation, expiresAt, portal }: Principal, { id, name }: TenantDto): MeDto {
    return {
      tenant: { id, name },
      subject,
      scopes: [...scopes],
      installation: installation === true,
      expiresAt: expiresAt?.toISOString() ?? null,
      portal: portal ? { sections: [...portal.sections], theme: { ...portal.theme } } : null,
    };
  }
}
