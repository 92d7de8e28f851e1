// Runs what tenants may make slow, for as long as it may take: their patterns may be catastrophic and their references may
// multiply, and no look at a schema tells. V8 itself stops the work, in the middle of a regular expression too.
import { createContext, Script } from 'node:vm';

interface Holder {
  work?: () => void;
}

const holder: Holder = createContext({});
const script = new Script('work()');

/** The work took longer than it may, or went deeper than the stack. */
export class TooCostlyError extends Error {}

/** @throws TooCostlyError */
export function within<Result>(timeoutMs: number, work: () => Result): Result {
  let result: { readonly of: Result } | undefined;
  holder.work = () => {
    result = { of: work() };
  };
  try {
    script.runInContext(holder, { timeout: timeoutMs });
  } catch (error) {
    if (error instanceof RangeError || (error as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
      throw new TooCostlyError();
    throw error;
  } finally {
    delete holder.work;
  }
  return (result as { readonly of: Result }).of;
}
