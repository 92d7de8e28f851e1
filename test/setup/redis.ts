// A Redis of a test's own, on a free port of this machine, that can be emptied, killed and started again.
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';

const HOW_TO_GET_IT = 'redis-server is not installed (Debian: apt-get install redis-server)';

/**
 * Why tests that need Redis are skipped; `undefined` where they run.
 *
 * @throws under CI, where a skipped test is a failure
 */
export function redisMissing(): string | undefined {
  if (spawnSync('redis-server', ['--version']).status === 0) return undefined;
  if (process.env.CI === 'true') throw new Error(`${HOW_TO_GET_IT}, and under CI nothing is skipped.`);
  return HOW_TO_GET_IT;
}

export class TestRedis {
  private process: ChildProcess | undefined;

  private constructor(readonly port: number) {}

  static async start(): Promise<TestRedis> {
    const redis = new TestRedis(await freePort());
    await redis.run();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it again on the same port, empty. */
  async run(): Promise<void> {
    const flags = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    this.process = spawn('redis-server', flags, { cwd: '/', stdio: 'ignore' });
    await eventually(() => this.ask((client) => client.ping()), 'Redis answers');
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** Stops answering, with every connection open, until it is killed. */
  freeze(): void {
    this.process?.kill('SIGSTOP');
  }

  /** One question on a connection of its own. */
  async ask<Answer>(question: (client: Redis) => Promise<Answer>): Promise<Answer> {
    const client = new Redis(this.url, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await question(client);
    } finally {
      client.disconnect();
    }
  }

  keys(): Promise<string[]> {
    return this.ask((client) => client.keys('*'));
  }

  /** Forgets everything, under whoever uses it. */
  async flush(): Promise<void> {
    await this.ask((client) => client.flushall());
  }
}
