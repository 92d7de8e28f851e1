import { ApiProperty } from '@nestjs/swagger';

export class ReEncryptedDto {
  @ApiProperty({ description: 'Secrets, and sets of custom headers, that an older key had sealed.', example: 12 })
  reencrypted!: number;

  @ApiProperty({ description: 'Those that no key of this installation opens; they stay as they are.', example: 0 })
  unreadable!: number;
}

export class SealedStateDto {
  @ApiProperty({ description: 'Secrets, sets of custom headers, and credentials of webhooks.', example: 40 })
  sealed!: number;

  @ApiProperty({
    description: 'Those of them that are not under the first key. None: the keys behind it may be dropped.',
    example: 12,
  })
  outdated!: number;
}
