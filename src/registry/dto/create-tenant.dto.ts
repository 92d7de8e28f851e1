import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length, Matches } from 'class-validator';
import { TENANT_ID } from '../tenant-id.js';

export class CreateTenantDto {
  @ApiProperty({ pattern: TENANT_ID.source, example: 'acme' })
  @Matches(TENANT_ID, { message: 'id must be 1 to 63 of a-z, 0-9, _ and -, and begin with a letter or digit' })
  id!: string;

  @ApiProperty({ minLength: 1, maxLength: 200, example: 'Acme Ltd' })
  @IsString()
  @Length(1, 200)
  name!: string;
}
