import { monotonicNow } from '../../kernel/clock.js';

/** One look is enough for all gauges of a scrape. */
const GLANCE_MS = 1_000;

/** What was read, at most a second ago: several gauges are read from one look at the database. */
export function glance<State>(read: () => Promise<State>): () => Promise<State> {
  let last: { readonly at: number; readonly state: Promise<State> } | undefined;
  return () => {
    const now = monotonicNow();
    if (!last || now - last.at > GLANCE_MS) last = { at: now, state: read() };
    return last.state;
  };
}
