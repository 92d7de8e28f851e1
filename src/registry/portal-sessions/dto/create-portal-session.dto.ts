import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsString,
  Length,
  Matches,
  ValidateNested,
} from 'class-validator';
import { parseDuration } from '../../../kernel/duration.js';
import { IfPresent } from '../../../platform/http/index.js';
import { Rule } from '../../dto/rule.decorator.js';
import { DEFAULT_SECTIONS, PORTAL_SECTIONS } from '../portal-sections.js';
import type { PortalSection } from '../portal-sections.js';

/** A link is clicked soon after it was made; who stays longer gets the next one from where that came from. */
export const DEFAULT_LIFETIME_MS = 3_600_000;
const MIN_LIFETIME_MS = 60_000;
const MAX_LIFETIME_MS = 86_400_000;

const MAX_USER_LENGTH = 100;
const MODES = ['light', 'dark'] as const;

/** Milliseconds of a lifetime, or `undefined` where it is none, or too short or too long. */
export function parseLifetime(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? parseDuration(value) : undefined;
  return ms !== undefined && ms >= MIN_LIFETIME_MS && ms <= MAX_LIFETIME_MS ? ms : undefined;
}

class PortalThemeDto {
  @ApiPropertyOptional({ pattern: '^#[0-9a-fA-F]{6}$', description: 'Of links and buttons.', example: '#0b6e4f' })
  @IfPresent()
  @IsString()
  @Matches(/^#[0-9a-f]{6}$/i, { message: 'accent must be a colour such as #0b6e4f' })
  accent?: string;

  @ApiPropertyOptional({
    enum: MODES,
    enumName: 'PortalMode',
    description: 'Absent: as the browser prefers.',
    example: 'dark',
  })
  @IfPresent()
  @IsIn(MODES)
  mode?: (typeof MODES)[number];
}

export class CreatePortalSessionDto {
  @ApiPropertyOptional({
    enum: PORTAL_SECTIONS,
    enumName: 'PortalSection',
    isArray: true,
    minItems: 1,
    uniqueItems: true,
    default: DEFAULT_SECTIONS,
    description: 'The parts of the dashboard that it shows.',
    example: ['webhooks', 'deliveries'],
  })
  @IfPresent()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(PORTAL_SECTIONS.length)
  @ArrayUnique()
  @IsIn(PORTAL_SECTIONS, { each: true, message: `each of sections must be one of ${PORTAL_SECTIONS.join(', ')}` })
  sections?: PortalSection[];

  @ApiPropertyOptional({ default: false, description: 'Whether nothing can be changed with it.' })
  @IfPresent()
  @IsBoolean()
  readOnly?: boolean;

  @ApiPropertyOptional({
    default: '1h',
    description: 'How long it lasts, 1m to 24h; no longer than the key that makes it.',
    example: '1h',
  })
  @IfPresent()
  @Rule('isLifetime', 'must be a duration from 1m to 24h, such as 1h', (value) => parseLifetime(value) !== undefined)
  expiresIn?: string;

  @ApiPropertyOptional({
    minLength: 1,
    maxLength: MAX_USER_LENGTH,
    description: 'Who will use it: the audit log names them as `portal:<user>`.',
    example: 'ada@acme.example',
  })
  @IfPresent()
  @IsString()
  @Length(1, MAX_USER_LENGTH)
  user?: string;

  @ApiPropertyOptional({ type: PortalThemeDto })
  @IfPresent()
  @ValidateNested()
  @Type(() => PortalThemeDto)
  theme?: PortalThemeDto;
}
