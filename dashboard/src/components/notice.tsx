import type { ComponentChildren } from 'preact';
import type { Tone } from './chip';

interface Props {
  readonly tone?: Tone;
  readonly children: ComponentChildren;
}

/** A sentence about what just happened, which screen readers say. */
export const Notice = ({ tone = 'plain', children }: Props) => (
  <div class={`notice ${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
    {children}
  </div>
);
