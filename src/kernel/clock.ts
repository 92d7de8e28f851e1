// The one file that reads the process clock. It serves signatures, ids and logs; leases and due times are PostgreSQL's.

/** Tells the time in milliseconds since the epoch. Passed in wherever time decides, so that tests hold it. */
export type Clock = () => number;

/** The process's own clock. */
export const systemClock: Clock = () => Date.now();

/** Milliseconds that only ever grow, for measuring spans. */
export const monotonicNow: Clock = () => performance.now();

/** Milliseconds of processor time that this process has had, for measuring work whatever else the machine does. */
export const cpuNow: Clock = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};
