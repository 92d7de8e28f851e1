// Taken now: a test that replaces timers must not stop what is sent.
const { setImmediate } = globalThis;

let ending: Promise<void> | undefined;

/**
 * Resolves when the present turn of the event loop has looked at all sockets. Who does the same for each of many answers, and lets it
 * wait until then, does it for all of them in a row: code and data that it needs stay in the processor's caches, which
 * reading an answer in between would push out. One promise for all who wait in a turn.
 */
export const endOfTurn = (): Promise<void> =>
  (ending ??= new Promise((resolve) => {
    setImmediate(() => {
      ending = undefined;
      resolve();
    });
  }));
