/** What was found out about one thing that a server needs. */
export interface Finding {
  /** `broken`: a server does not start, or does not do its work. `look`: it works, and somebody should know. */
  readonly state: 'ok' | 'look' | 'broken';
  readonly what: string;
  /** What is so and, where it is not well, what to do about it. */
  readonly said: string;
}

export const ok = (what: string, said: string): Finding => ({ state: 'ok', what, said });
export const look = (what: string, said: string): Finding => ({ state: 'look', what, said });
export const broken = (what: string, said: string): Finding => ({ state: 'broken', what, said });
