// A word on a tint. The word says it; the colour only says it sooner.
import type { ComponentChildren } from 'preact';
import type { DeliveryStatus } from '../api/types';

export type Tone = 'good' | 'warn' | 'bad' | 'plain';

export const Chip = ({ tone = 'plain', children }: { readonly tone?: Tone; readonly children: ComponentChildren }) => (
  <span class={`chip ${tone}`}>{children}</span>
);

const TONES: Readonly<Record<DeliveryStatus, Tone>> = {
  pending: 'plain',
  sending: 'plain',
  retrying: 'warn',
  success: 'good',
  client_error: 'bad',
  failed: 'bad',
  skipped: 'plain',
  expired: 'warn',
};

/** `client_error` as people write it. */
export const words = (name: string): string => name.replaceAll('_', ' ');

/** Where a delivery stands. */
export const StatusChip = ({ status }: { readonly status: DeliveryStatus }) => (
  <Chip tone={TONES[status]}>{words(status)}</Chip>
);
