// Something that a button does: under way or not, and why it was refused.
import { useState } from 'preact/hooks';
import { ApiError, sentenceOf } from './client';

export interface Action {
  readonly busy: boolean;
  /** Why it was refused, as a sentence, with what is wrong in particular. */
  readonly refused: string | undefined;
  /** Does it, unless it is under way. */
  readonly run: (work: () => Promise<void>) => void;
}

export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string>();
  const run = (work: () => Promise<void>): void => {
    if (busy) return;
    setBusy(true);
    setRefused(undefined);
    work()
      .catch((error: unknown) => {
        const details = error instanceof ApiError && error.details.length > 0 ? ` ${error.details.join('. ')}.` : '';
        setRefused(sentenceOf(error) + details);
      })
      .finally(() => setBusy(false));
  };
  return { busy, refused, run };
}
