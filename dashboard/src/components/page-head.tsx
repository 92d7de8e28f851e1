import type { ComponentChildren } from 'preact';

interface Props {
  readonly title: ComponentChildren;
  /** Where one came from. */
  readonly back?: { readonly href: string; readonly title: string };
  /** What can be done here. */
  readonly children?: ComponentChildren;
}

export const PageHead = ({ title, back, children }: Props) => (
  <div class="page-head">
    {back && (
      <a class="back" href={back.href}>
        ← {back.title}
      </a>
    )}
    <h1>{title}</h1>
    {children && <div class="actions">{children}</div>}
  </div>
);
