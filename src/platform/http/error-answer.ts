// The one shape of every refusal, as an answer and as its documentation.
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

export class ErrorAnswer {
  @ApiProperty({
    description: 'One sentence, or the fixed phrase that the documentation names.',
    example: 'The request is not valid.',
  })
  error!: string;

  @ApiProperty({ description: 'For programs: stable for ever, snake_case.', example: 'validation_failed' })
  code!: string;

  @ApiProperty({
    description: 'Names this request in the logs; also the `X-Request-Id` header.',
    example: '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d',
  })
  requestId!: string;

  @ApiPropertyOptional({
    description: 'What exactly is wrong, where there is more than one thing to say.',
    type: [String],
    example: ['timeoutMs must not be less than 100'],
  })
  details?: readonly string[];
}
