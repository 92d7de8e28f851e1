import type { ComponentChildren } from 'preact';

interface Props {
  readonly children: ComponentChildren;
  readonly onClick?: (event: MouseEvent) => void;
  /** `primary` once on a page at most; `danger` for what cannot be taken back. */
  readonly kind?: 'primary' | 'danger' | 'quiet';
  readonly type?: 'button' | 'submit';
  /** What it does, where it shows no words. */
  readonly label?: string;
  /** Under way: it cannot be pressed again. */
  readonly busy?: boolean;
  readonly disabled?: boolean;
  readonly pressed?: boolean;
}

export const Button = ({ children, onClick, kind, type = 'button', label, busy, disabled, pressed }: Props) => (
  <button
    type={type}
    class={`button ${kind ?? ''}`}
    aria-label={label}
    title={label}
    aria-busy={busy}
    aria-pressed={pressed}
    disabled={disabled || busy}
    onClick={onClick}
  >
    {children}
  </button>
);

/** Looks like a button, and goes somewhere. */
export const ButtonLink = ({ href, kind, children }: Pick<Props, 'kind' | 'children'> & { readonly href: string }) => (
  <a class={`button ${kind ?? ''}`} href={href}>
    {children}
  </a>
);
