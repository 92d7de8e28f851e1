/** What can keep the embedded PostgreSQL from running. Stable: callers decide on these, never on the sentence. */
type EmbeddedPostgresErrorCode =
  /** Another living process owns the data directory. */
  | 'data_dir_in_use'
  /** The cluster was made by another major version of PostgreSQL. */
  | 'wrong_major_version'
  /** The package with PostgreSQL's binaries is not installed, or they do not run here. */
  | 'binaries_missing'
  /** There are no binaries for this operating system, processor or C library. */
  | 'unsupported_platform'
  /** A directory that we, or the user PostgreSQL runs as, cannot enter or write. */
  | 'unreachable_path'
  /** No user that PostgreSQL could run as. */
  | 'no_system_user'
  /** PostgreSQL did not become ready; `logTail` holds its last lines. */
  | 'start_failed'
  /** PostgreSQL ended without being asked to. */
  | 'ended';

/** Why there is no embedded PostgreSQL; the message is a sentence that says what to do. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';

  constructor(
    readonly code: EmbeddedPostgresErrorCode,
    message: string,
    /** The last lines of PostgreSQL's own log, where it had a say. */
    readonly logTail: readonly string[] = [],
    options?: ErrorOptions,
  ) {
    super(logTail.length > 0 ? `${message}\n${logTail.map((line) => `  ${line}`).join('\n')}` : message, options);
  }
}

/** The system's code of an error (`ENOENT`, `57P03`), where it has one. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
