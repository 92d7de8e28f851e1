import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';
import { IfPresent } from '../../platform/http/index.js';

const MAX_NAME_LENGTH = 200;

const documentation = { minLength: 1, maxLength: MAX_NAME_LENGTH, example: 'Acme Ltd' };

export const TenantNameField = ({ optional }: { optional?: true } = {}): PropertyDecorator =>
  applyDecorators(
    optional ? ApiPropertyOptional(documentation) : ApiProperty(documentation),
    optional ? IfPresent() : applyDecorators(),
    IsString(),
    Length(1, MAX_NAME_LENGTH),
  );
