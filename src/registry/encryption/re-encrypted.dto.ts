import { ApiProperty } from '@nestjs/swagger';

export class ReEncryptedDto {
  @ApiProperty({ description: 'Secrets, and sets of custom headers, that an older key had sealed.', example: 12 })
  reencrypted!: number;

  @ApiProperty({ description: 'Those that no key of this installation opens; they stay as they are.', example: 0 })
  unreadable!: number;
}
