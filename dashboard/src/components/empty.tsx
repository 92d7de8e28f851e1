import type { ComponentChildren } from 'preact';

interface Props {
  readonly title: string;
  /** What to do next. */
  readonly children?: ComponentChildren;
}

/** Where there is nothing, what to do so that there is something. */
export const Empty = ({ title, children }: Props) => (
  <div class="empty">
    <h2>{title}</h2>
    <p>{children}</p>
  </div>
);
