// Work that somebody waits for only so long. The work itself goes on; what it throws later is nobody's.

/**
 * What the work comes to, or else what `late` gives once the time is up.
 *
 * @param timer.ref - False lets the process end meanwhile, where nothing else holds it.
 * @throws what the work throws in time, or `late`.
 */
export async function inTimeOr<Value, Late>(
  work: Value | PromiseLike<Value>,
  withinMs: number,
  late: () => Late,
  { ref = true }: { ref?: boolean } = {},
): Promise<Value | Late> {
  let timer: NodeJS.Timeout | undefined;
  const timeIsUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, withinMs);
    if (!ref) timer.unref();
  });
  try {
    return await Promise.race([work, timeIsUp.then(late)]);
  } finally {
    clearTimeout(timer);
  }
}

/** What came within the time; `undefined` where nothing did, or the work failed. */
export function inTime<Value>(work: Promise<Value>, withinMs: number): Promise<Value | undefined> {
  return inTimeOr(
    work.catch(() => undefined),
    withinMs,
    () => undefined,
  );
}
