// A PostgreSQL of a scenario's own, on a port, that can crash, be away, and come back with what was committed.
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded-postgres/index.js';
import type { EmbeddedPostgres } from '../../src/platform/database/embedded-postgres/index.js';
import { freePort } from '../setup/free-port.js';

// The machine stays up, so what is written survives PostgreSQL without fsync. Commits wait for their log as in
// production: what a crash may take is part of what is tested.
// Commits that do not wait are lost in a crash unless another took them along: nothing else writes them out in time.
const FLAGS = [
  'wal_writer_delay=10s',
  'fsync=off',
  'full_page_writes=off',
  'autovacuum=off',
  'max_connections=200',
  'listen_addresses=127.0.0.1',
];

export class FaultPostgres {
  private running: EmbeddedPostgres | undefined;

  private constructor(
    private readonly directory: string,
    private readonly port: number,
  ) {}

  static async start(): Promise<FaultPostgres> {
    const directory = mkdtempSync(path.join(tmpdir(), 'posthorn-faults-pg-'));
    chmodSync(directory, 0o711);
    const postgres = new FaultPostgres(directory, await freePort());
    await postgres.run();
    return postgres;
  }

  get url(): string {
    return `postgres://posthorn@127.0.0.1:${this.port}/posthorn`;
  }

  /** Starts it, and recovers what was committed. */
  async run(): Promise<void> {
    const flags = [...FLAGS, `port=${this.port}`];
    this.running = await startEmbeddedPostgres({ dataDir: path.join(this.directory, 'data'), flags });
  }

  /** Ends it as `pg_ctl stop -m immediate` does: nothing is written out, every connection breaks. */
  async crash(): Promise<void> {
    const { running } = this;
    if (!running) return;
    const pid = Number.parseInt(readFileSync(path.join(running.clusterDir, 'postmaster.pid'), 'utf8'), 10);
    process.kill(pid, 'SIGQUIT');
    await running.lost;
    // Lets go of the directory.
    await running.stop();
    this.running = undefined;
  }

  async close(): Promise<void> {
    await this.running?.stop();
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}
