// The seam through which the registry asks receiving about kinds of sender: it stores sources, and does not know how they
// sign.
import type { Secret } from '../kernel/secret.js';

/** The kinds of sender that a source may name. */
export abstract class SourceProviders {
  abstract knows(provider: string): boolean;

  /** What is wrong with these settings of a source, in one sentence that shows no secret; `undefined` when nothing is. */
  abstract problemOf(
    provider: string,
    secrets: readonly Secret[],
    config: Readonly<Record<string, unknown>>,
  ): string | undefined;
}
