// Which errors mean that the database is away (the caller may come again), and which that a value cannot be stored (the
// caller's fault that an earlier check let through).

/** SQLSTATEs: shutting down, starting up, too many connections, read-only after a failover, cancelled, deadlock, locked. */
const AWAY_STATES = new Set(['57P01', '57P02', '57P03', '53300', '25006', '57014', '40001', '40P01', '55P03']);
const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
const AWAY_NAMES = new Set([
  'QueryRunnerAlreadyReleasedError',
  'QueryRunnerProviderAlreadyReleasedError',
  'ConnectionIsNotSetError',
]);
// pg and pg-pool give these no code: the one place where an error is known by its message.
const AWAY_MESSAGE =
  /^(?:timeout exceeded when trying to connect|timeout expired|Connection terminated|Client has encountered a connection error|Cannot use a pool after calling end|Client was closed)/;

/** SQLSTATE of a statement that ran longer than it may, or was stopped by somebody. */
const CANCELLED = '57014';

/** SQLSTATEs that PostgreSQL answers to text, numbers or sizes it cannot take. */
const UNSTORABLE_STATES = new Set([
  '22001',
  '22003',
  '22007',
  '22008',
  '22021',
  '22023',
  '2201B',
  '2201W',
  '2201X',
  '22P02',
  '22P05',
  '54000',
  '54001',
]);

/** True where the same request may succeed once PostgreSQL (or the queue's store) answers again. */
export const isDatabaseAway = (error: unknown): boolean =>
  chain(error).some(({ name, message, code, syscall }) => {
    if (AWAY_STATES.has(code) || NETWORK_CODES.has(code) || AWAY_NAMES.has(name)) return true;
    // 08P01 is a protocol violation: our own mistake. ENOENT is a missing socket only while connecting.
    if (/^08(?!P01)[0-9A-Z]{3}$/.test(code) || (code === 'ENOENT' && syscall === 'connect')) return true;
    return code === '' && AWAY_MESSAGE.test(message);
  });

/** True where PostgreSQL was there, and stopped a statement before it was done. */
export const isCancelled = (error: unknown): boolean => chain(error).some(({ code }) => code === CANCELLED);

/** True where PostgreSQL refused a value. A safety net: whatever reaches it should have been refused by a DTO. */
export const isUnstorableValue = (error: unknown): boolean =>
  chain(error).some(({ code }) => UNSTORABLE_STATES.has(code));

/** The error with what TypeORM and others wrapped, outermost first. */
function chain(error: unknown): { name: string; message: string; code: string; syscall: string }[] {
  const links = [];
  for (let link: unknown = error; typeof link === 'object' && link !== null && links.length < 5;) {
    const facts = link as Record<string, unknown>;
    const textOf = (key: string): string => (typeof facts[key] === 'string' ? facts[key] : '');
    links.push({ name: textOf('name'), message: textOf('message'), code: textOf('code'), syscall: textOf('syscall') });
    link = facts.driverError ?? facts.cause;
  }
  return links;
}
