import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsObject } from 'class-validator';
import { IfPresent } from '../../../platform/http/index.js';

// Not a reference: readers of our own description would look for it there.
const SHIPMENT = { type: 'object', required: ['orderId'], properties: { orderId: { type: 'string' } } };

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1.0.0' },
  webhooks: {
    'order.shipped': {
      post: {
        description: 'An order left the house.',
        requestBody: {
          content: { 'application/json': { schema: SHIPMENT } },
        },
        responses: { '200': { description: 'Received.' } },
      },
    },
  },
};

export class ImportEventTypesDto {
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description:
      'An OpenAPI document of version 3.1 or 3.2. Of it, `webhooks` are read, and the schemas they refer to.',
    example: DOCUMENT,
  })
  @IsObject()
  document!: object;

  @ApiPropertyOptional({ type: Boolean, default: false, description: 'Says what would be done, and does not do it.' })
  @IfPresent()
  @IsBoolean()
  dryRun?: boolean;
}

export class ImportedEventTypesDto {
  @ApiProperty({ example: false })
  dryRun!: boolean;

  @ApiProperty({ type: [String], example: ['order.shipped'] })
  created!: string[];

  @ApiProperty({ type: [String], example: [] })
  updated!: string[];

  @ApiProperty({ type: [String], example: [] })
  unchanged!: string[];
}
