// Keeps names whose servers are dead from stopping the look-ups of all others. getaddrinfo occupies a thread until it gives up, for
// ten seconds and more, and cannot be cancelled. libuv gives look-ups half of its pool: two threads of four.
import { monotonicNow } from '../../kernel/clock.js';
import type { Clock } from '../../kernel/clock.js';

/** All addresses of a name, in the order to try them; rejects where the name does not resolve. */
export type ResolveAddresses = (hostname: string) => Promise<readonly string[]>;

/** A look-up that fails after so long was not answered. A name that does not exist fails at once. */
const UNANSWERED_MS = 1_000;

/** Names that were not answered and are remembered; of more, those that failed longest ago are forgotten. */
const MAX_REMEMBERED = 10_000;

/**
 * There is one look-up per name at a time, shared by all who ask meanwhile. Names that were not answered the last time are looked
 * up one after the other.
 *
 * Guarantee: one thread waits for names that are known to be dead, however many requests there are to them. No answer is kept:
 * whoever asks gets that of a look-up that ends after it asked, and has to judge it like its own.
 *
 * Edge: a name is known to be dead only after a look-up of it failed. Many dead names that are asked for the first time, or die
 * together, delay the others until then; a larger pool (`UV_THREADPOOL_SIZE`) takes more of them. A name that is well again waits
 * for its turn once more.
 */
export function sharedLookups(ask: ResolveAddresses, clock: Clock = monotonicNow): ResolveAddresses {
  const underWay = new Map<string, Promise<readonly string[]>>();
  const unanswered = new Set<string>();
  let lastTurn: Promise<unknown> = Promise.resolve();

  const lookUp = async (hostname: string): Promise<readonly string[]> => {
    const since = clock();
    try {
      const addresses = await ask(hostname);
      unanswered.delete(hostname);
      return addresses;
    } catch (error) {
      unanswered.delete(hostname);
      if (clock() - since >= UNANSWERED_MS) unanswered.add(hostname);
      const [oldest] = unanswered;
      if (unanswered.size > MAX_REMEMBERED && oldest !== undefined) unanswered.delete(oldest);
      throw error;
    }
  };

  const inTurn = (hostname: string): Promise<readonly string[]> => {
    const answer = lastTurn.then(() => lookUp(hostname));
    lastTurn = answer.catch(() => undefined);
    return answer;
  };

  return (hostname) => {
    let answer = underWay.get(hostname);
    if (!answer) {
      answer = (unanswered.has(hostname) ? inTurn(hostname) : lookUp(hostname)).finally(() =>
        underWay.delete(hostname),
      );
      underWay.set(hostname, answer);
    }
    return answer;
  };
}
