// Light or dark: as the system says, until somebody says otherwise; a portal link may say it for its reader.
import { useState } from 'preact/hooks';
import { Button } from '../components/button';

type Mode = 'light' | 'dark';

const NAME = 'posthorn:theme';
const ACCENT = /^#[0-9a-f]{6}$/i;

const chosen = (): Mode | undefined => {
  const mode = localStorage.getItem(NAME);
  return mode === 'light' || mode === 'dark' ? mode : undefined;
};

const ofSystem = (): Mode => (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');

/** @param given - What a portal link asks for; the reader's own choice goes before it. */
export function applyTheme(given: { mode?: Mode; accent?: string } = {}): void {
  const mode = chosen() ?? given.mode;
  if (mode) document.documentElement.dataset.theme = mode;
  if (given.accent && ACCENT.test(given.accent))
    document.documentElement.style.setProperty('--brand', readable(given.accent));
}

/** Dark enough to be read on light ground and light enough on dark, in the hue that was asked for. */
function readable(accent: string): string {
  const both = `light-dark(oklch(from ${accent} min(l, 0.5) c h), oklch(from ${accent} max(l, 0.78) c h))`;
  return CSS.supports('color', both) ? both : accent;
}

export function ThemeToggle() {
  const [mode, setMode] = useState<Mode>((document.documentElement.dataset.theme as Mode | undefined) ?? ofSystem());
  const other: Mode = mode === 'dark' ? 'light' : 'dark';
  const toggle = (): void => {
    localStorage.setItem(NAME, other);
    applyTheme();
    setMode(other);
  };
  return (
    <Button kind="quiet" onClick={toggle} label={`Use the ${other} theme`}>
      <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
        <circle cx="12" cy="12" r="8" />
        <path class="fill" d="M12 4a8 8 0 0 1 0 16z" />
      </svg>
    </Button>
  );
}
