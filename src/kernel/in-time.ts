/** What came within the time; `undefined` where nothing did, or the work failed. The work itself goes on. */
export async function inTime<Value>(work: Promise<Value>, withinMs: number): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), withinMs)));
  const answer = await Promise.race([work.catch(() => undefined), tooLate]);
  clearTimeout(timer);
  return answer;
}
