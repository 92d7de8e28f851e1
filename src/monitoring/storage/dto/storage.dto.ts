import { ApiProperty } from '@nestjs/swagger';
import type { StoredTable } from '../../../platform/database/index.js';

const DAY = { type: String, format: 'date', nullable: true } as const;

class StoredTableDto implements StoredTable {
  @ApiProperty({ type: String, example: 'delivery' })
  table!: string;

  @ApiProperty({ type: Number, description: 'Its partitions of one day each.', example: 34 })
  partitions!: number;

  @ApiProperty({ ...DAY, description: 'The first day of the oldest partition, in UTC.', example: '2026-10-30' })
  oldestDay!: string | null;

  @ApiProperty({
    ...DAY,
    description: 'The last day of the newest partition, in UTC: they are made some days ahead.',
    example: '2026-12-02',
  })
  newestDay!: string | null;

  @ApiProperty({ type: Number, description: 'What it takes on disk, indexes included.', example: 73_400_320 })
  bytes!: number;

  @ApiProperty({
    type: Number,
    description: 'Partitions past the retention that are still there: about to be dropped, or held by unfinished work.',
    example: 0,
  })
  pastRetention!: number;
}

export class StorageDto {
  @ApiProperty({ type: Number, description: 'How long the log is kept, in milliseconds.', example: 2_592_000_000 })
  retentionMs!: number;

  @ApiProperty({ type: [StoredTableDto], description: 'The tables of the log.' })
  tables!: StoredTable[];
}
