// The stage of a scenario: a database, a receiver, maybe a Redis, and server processes that come and go.
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../setup/eventually.js';
import { call, ServerProcess } from '../setup/server-process.js';
import { check } from './checker.js';
import type { Counts, Excused } from './checker.js';
import { Dice } from './dice.js';
import type { Delivery, Evidence, Request } from './evidence.js';
import { keepEvidence, NOT_FINAL } from './evidence.js';
import { History } from './history.js';
import { MAX_RSS_MB, PeakMemory } from './peak-memory.js';
import { Publisher } from './publisher.js';
import { Rows } from './rows.js';

const KEY = 'admin-key-of-the-fault-suite';

/** Requests in flight of one worker at most. */
export const CONCURRENCY = 16;

export const DEADLINE_MS = 1_000;

/** What a process that died or stood still had claimed is taken back after this. */
export const LEASE_MS = DEADLINE_MS + 30_000;

/** Of a machine that is busy with other tests, too: what is stuck, or never comes, is so for ever. */
export const QUIET_WITHIN_MS = 600_000;

/** Hangs on the first attempt of a delivery, and answers the second. */
const HOLDING = '/hang-until/2';

/** Of a request that is held: whoever sends it dies long before this. */
const HELD_MS = 60_000;

/** Each look asks for the whole log: between them the processes have the processor. */
const LOOK_EVERY_MS = 500;

/** Short waits, and more of them than a busy machine can use up: nothing may end as failed for want of tries. */
export const SCHEDULE = Array.from({ length: 16 }, () => '300ms');

/** What a scenario runs on. */
export interface Stage {
  readonly seed: string;
  /** An empty or migrated database that nothing else uses. */
  readonly databaseUrl: string;
  readonly redisUrl?: string;
}

/** What a scenario found out. */
export interface Report {
  readonly counts: Counts & { readonly maxRssMb: number };
  readonly broken: readonly string[];
  /** What else is worth telling, in words. */
  readonly notes: readonly string[];
}

export class Scene {
  readonly dice: Dice;
  readonly publisher: Publisher;
  readonly rows: Rows;
  readonly notes: string[] = [];
  readonly broken: string[] = [];
  private readonly directory = mkdtempSync(path.join(tmpdir(), 'posthorn-faults-'));
  private readonly history = new History(path.join(this.directory, 'history'));
  private readonly env: Record<string, string>;
  private readonly all = new Set<ServerProcess>();
  private readonly apis = new Map<ServerProcess, string>();
  /** Of these sources: what another version takes is no promise of this one. */
  private readonly ours = new Set<ServerProcess>();
  private readonly memory = new PeakMemory(() => this.ours);
  private receiver: ChildProcess | undefined;
  private receiverPort = 0;
  private holding: { id: string } | undefined;
  private evidence: Evidence | undefined;

  private constructor(
    readonly stage: Stage,
    more: Record<string, string>,
  ) {
    this.dice = new Dice(stage.seed);
    this.rows = new Rows(stage.databaseUrl);
    this.env = {
      DATABASE_URL: stage.databaseUrl,
      DATABASE_POOL: '10',
      ...(stage.redisUrl && { REDIS_URL: stage.redisUrl }),
      ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      ADMIN_API_KEY: KEY,
      ALLOW_HTTP: 'true',
      ALLOW_NETWORKS: '127.0.0.0/8',
      DELIVERY_TIMEOUT: `${DEADLINE_MS}ms`,
      DELIVERY_CONCURRENCY: String(CONCURRENCY),
      // Receivers that are bad on purpose would only make a scenario wait.
      CIRCUIT_AFTER: '0',
      LOG_LEVEL: 'warn',
      ...more,
    };
    this.publisher = new Publisher(() => [...this.apis.values()], KEY);
  }

  /** Sets the stage: the receiver runs, no server does yet. */
  static async open(stage: Stage, env: Record<string, string> = {}): Promise<Scene> {
    const scene = new Scene(stage, env);
    await scene.startReceiver();
    return scene;
  }

  /** Runs `play` on a stage that is cleared away afterwards, whatever happens. Memory is bounded in every play. */
  static async play(
    stage: Stage,
    env: Record<string, string>,
    play: (scene: Scene) => Promise<Report>,
  ): Promise<Report> {
    const scene = await Scene.open(stage, env);
    try {
      const report = bounded(await play(scene));
      return report.broken.length === 0
        ? report
        : { ...report, notes: [...report.notes, `The evidence is kept in ${keepEvidence(scene.evidence)}.`] };
    } finally {
      await scene.close();
    }
  }

  /** Starts a process; resolves once it listens. */
  async start(
    role: 'all' | 'api' | 'worker',
    how: { preload?: readonly string[]; checkout?: string; env?: Record<string, string> } = {},
  ): Promise<ServerProcess> {
    const server = new ServerProcess({ ...this.env, ...how.env, ROLE: role }, how);
    this.all.add(server);
    if (!how.checkout) this.ours.add(server);
    const url = await server.url({ within: QUIET_WITHIN_MS });
    if (role !== 'worker') this.apis.set(server, url);
    void server.ended.then(() => {
      this.apis.delete(server);
      this.all.delete(server);
      this.ours.delete(server);
    });
    return server;
  }

  /** Processes that run. */
  get processes(): readonly ServerProcess[] {
    return [...this.all];
  }

  /** Kills a process with `kill -9`. */
  async kill(server: ServerProcess): Promise<void> {
    this.memory.sample();
    this.apis.delete(server);
    await server.kill();
  }

  /** Registers a webhook of the receiver; the path says how it behaves. */
  async webhook(target: string, events: readonly string[], more: object = {}): Promise<{ id: string }> {
    const url = `http://127.0.0.1:${this.receiverPort}${target}`;
    const { status, body } = await this.api<{ id: string; secret: string }>('POST', '/api/webhooks', {
      url,
      events,
      retrySchedule: SCHEDULE,
      ...more,
    });
    if (status !== 201) throw new Error(`The webhook was refused: ${status} ${JSON.stringify(body)}`);
    this.receiver?.send({ path: target, secret: body.secret });
    return { id: body.id };
  }

  /**
   * Has a worker send a request that stays open until its sender dies, so that a fault which comes next finds one under way,
   * however slow the machine.
   *
   * @returns its webhook, the same each time
   */
  async holdRequest(): Promise<{ id: string }> {
    this.holding ??= await this.webhook(HOLDING, ['held.*'], { timeoutMs: HELD_MS });
    const held = (): number => this.arrived().filter(({ path, attempt }) => path === HOLDING && attempt === 1).length;
    const before = held();
    await this.publisher.publish('held.open', 1);
    await eventually(() => held() > before, 'a request is held', { within: QUIET_WITHIN_MS });
    return this.holding;
  }

  /** From now on the receiver answers on this path as it does on another. */
  behave(target: string, behaves: string): void {
    this.receiver?.send({ path: target, behaves });
  }

  /** What is open on this path is cut off. */
  cutOff(target: string): void {
    this.receiver?.send({ path: target, cut: true });
  }

  /** Everything that has arrived by now. */
  arrived(): readonly Request[] {
    return this.history.read();
  }

  /**
   * What had arrived and was being sent, as `delivery/number`. Asked once a process is dead, it has all whose outcome died with it:
   * what the dead one claims or settles even now was not sent, or is known.
   */
  async underWay(): Promise<string[]> {
    const sending = await this.rows.beingSent();
    // What was on its way to the receiver is read before this is answered.
    await fetch(`http://127.0.0.1:${this.receiverPort}`);
    return this.arrived()
      .map(({ delivery, attempt }) => `${delivery}/${attempt}`)
      .filter((key) => sending.has(key));
  }

  /** Waits until so many requests have arrived. */
  async untilArrived(count: number): Promise<void> {
    await eventually(() => this.arrived().length >= count, `${count} requests arrive (${this.arrived().length} did)`, {
      within: QUIET_WITHIN_MS,
    });
  }

  /** A call of the API, on whichever process has it. */
  async api<Body>(method: string, target: string, body?: unknown): Promise<{ status: number; body: Body }> {
    const [url] = this.apis.values();
    if (!url) throw new Error('No API runs.');
    return call<Body>(url, KEY, method, target, body);
  }

  /** How many deliveries have a status, up to 250. */
  async countOf(status: string): Promise<number> {
    const { body } = await this.api<{ data: unknown[] }>('GET', `/api/deliveries?limit=250&status=${status}`);
    return body.data.length;
  }

  /** Waits until every delivery is final. True if it came to that; false where some are stuck. */
  async quiesce(withinMs = QUIET_WITHIN_MS): Promise<boolean> {
    const isFinal = ({ status }: Delivery): boolean => !(NOT_FINAL as readonly string[]).includes(status);
    const rest = async (): Promise<boolean> => {
      // Cheap, and not proof: one may go from what is asked next to what was asked before.
      for (const status of NOT_FINAL) if ((await this.countOf(status)) > 0) return false;
      return (await this.list()).every(isFinal);
    };
    return eventually(rest, 'every delivery is final', { within: withinMs, every: LOOK_EVERY_MS }).then(
      () => true,
      () => false,
    );
  }

  /** Notes a promise that was not kept, unless it was. */
  expect(kept: boolean, otherwise: string): void {
    if (!kept) this.broken.push(otherwise);
  }

  /**
   * Reads the log through the API, compares it with what arrived, and reports.
   *
   * @param judge - What else there is to complain of.
   */
  async report(excused: Excused = {}, judge: (evidence: Evidence) => readonly string[] = () => []): Promise<Report> {
    const deliveries = await this.log();
    this.memory.sample();
    this.evidence = { published: this.publisher.published, requests: this.arrived(), deliveries };
    const { counts, broken } = check(this.evidence, excused);
    return {
      counts: { ...counts, maxRssMb: this.memory.mb },
      broken: [...this.broken, ...broken, ...judge(this.evidence)],
      notes: this.notes,
    };
  }

  async close(): Promise<void> {
    this.memory.stop();
    await Promise.all(
      this.processes.map(async (server) => {
        server.signal('SIGCONT');
        await server.kill();
      }),
    );
    if (this.receiver?.connected) {
      const gone = once(this.receiver, 'exit');
      this.receiver.disconnect();
      await gone;
    }
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  private async startReceiver(): Promise<void> {
    const file = path.join(this.directory, 'history');
    writeFileSync(file, '');
    const module = fileURLToPath(new URL('./receiver.ts', import.meta.url));
    this.receiver = fork(module, [file, this.stage.seed], {
      execArgv: ['--import', '@swc-node/register/esm-register'],
      cwd: path.resolve(import.meta.dirname, '..', '..'),
    });
    const [{ port }] = (await once(this.receiver, 'message')) as [{ port: number }];
    this.receiverPort = port;
  }

  /** Every delivery with its attempts, through the API. */
  async log(): Promise<Delivery[]> {
    const ids = (await this.list()).map(({ id }) => id);
    const deliveries: Delivery[] = [];
    const lane = async (): Promise<void> => {
      for (let id = ids.pop(); id !== undefined; id = ids.pop())
        deliveries.push((await this.api<Delivery>('GET', `/api/deliveries/${id}`)).body);
    };
    await Promise.all(Array.from({ length: 8 }, lane));
    return deliveries;
  }

  /** Every delivery as the list shows it. */
  private async list(): Promise<Delivery[]> {
    const all: Delivery[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const target: string = `/api/deliveries?limit=250${cursor && `&cursor=${cursor}`}`;
      const { body } = await this.api<{ data: Delivery[]; nextCursor: string | null }>('GET', target);
      all.push(...body.data);
      cursor = body.nextCursor;
    }
    return all;
  }
}

const bounded = (report: Report): Report => {
  const { maxRssMb } = report.counts;
  if (maxRssMb <= MAX_RSS_MB) return report;
  return { ...report, broken: [...report.broken, `The memory of a process grew to ${maxRssMb} MB.`] };
};
