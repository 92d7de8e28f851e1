import type { HandlerRun, ReceivedStatus } from '../../api/received-types';
import { Chip } from '../../components/chip';
import type { Tone } from '../../components/chip';

const TONES: Readonly<Record<ReceivedStatus | HandlerRun['status'], Tone>> = {
  processing: 'plain',
  processed: 'good',
  failed: 'bad',
  unhandled: 'warn',
  rejected: 'bad',
  pending: 'plain',
  running: 'plain',
  succeeded: 'good',
};

/** Where a received event stands, or one handler's work on it. */
export const ReceivedChip = ({ status }: { readonly status: ReceivedStatus | HandlerRun['status'] }) => (
  <Chip tone={TONES[status]}>{status}</Chip>
);
