// Something that a button does: under way or not, and why it was refused.
import { useState } from 'preact/hooks';
import { ApiError, sentenceOf } from './client';

export interface Action {
  readonly busy: boolean;
  /** Why it was refused, as a sentence, with what is wrong in particular. */
  readonly refused: string | undefined;
  /** The refusal itself. */
  readonly refusal: unknown;
  /** Does it, unless it is under way. */
  readonly run: (work: () => Promise<void>) => void;
}

export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<unknown>();
  const run = (work: () => Promise<void>): void => {
    if (busy) return;
    setBusy(true);
    setRefusal(undefined);
    work()
      .catch(setRefusal)
      .finally(() => setBusy(false));
  };
  return { busy, refused: refusal === undefined ? undefined : wholeSentenceOf(refusal), refusal, run };
}

function wholeSentenceOf(error: unknown): string {
  const details = error instanceof ApiError && error.details.length > 0 ? ` ${error.details.join('. ')}.` : '';
  return sentenceOf(error) + details;
}
