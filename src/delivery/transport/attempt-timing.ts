// Where the time of an attempt went, and how a row keeps it: four numbers in a dozen bytes, for there are millions of them.

/**
 * The phases of a request, in whole milliseconds, one after the other: together at most its duration. A phase that was not
 * reached, or not needed, is left out; the one in which a request broke off lasted until then.
 */
export interface AttemptTiming {
  /** Until a connection was there to be used or opened: obtaining a token, signing, waiting for a free one. */
  readonly waitMs?: number;
  /** Resolving the name, connecting, TLS. Left out where a kept-alive connection served, or none was asked for. */
  readonly connectMs?: number;
  /** Sending the request, and until the head of the answer was there. */
  readonly firstByteMs?: number;
  /** Reading the answer's body. */
  readonly bodyMs?: number;
}

/** `wait/connect/first byte/body`, such as `0//31/2`: nothing stands for what is left out. */
export const timingText = ({ waitMs, connectMs, firstByteMs, bodyMs }: AttemptTiming): string =>
  `${waitMs ?? ''}/${connectMs ?? ''}/${firstByteMs ?? ''}/${bodyMs ?? ''}`;

export function timingOf(text: string): AttemptTiming {
  const [waitMs, connectMs, firstByteMs, bodyMs] = text
    .split('/')
    .map((phase) => (phase === '' ? undefined : Number(phase)));
  return { waitMs, connectMs, firstByteMs, bodyMs };
}

/** What an application's transport says of it, where that can be: no phase below zero, all of them within the duration. */
export function checkedTiming(said: AttemptTiming | null | undefined, durationMs: number): AttemptTiming | undefined {
  if (!said) return undefined;
  const { waitMs, connectMs, firstByteMs, bodyMs } = said;
  const phases = [waitMs, connectMs, firstByteMs, bodyMs];
  const isPossible = phases.every((phase) => phase === undefined || (typeof phase === 'number' && phase >= 0));
  if (!isPossible || phases.reduce<number>((sum, phase = 0) => sum + phase, 0) > durationMs) return undefined;
  // Down, so that they are within the duration still.
  const [wait, connect, firstByte, body] = phases.map((phase) => phase && Math.floor(phase));
  return { waitMs: wait, connectMs: connect, firstByteMs: firstByte, bodyMs: body };
}
