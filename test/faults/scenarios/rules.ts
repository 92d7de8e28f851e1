// Webhooks with rules of their own, while workers are killed and PostgreSQL crashes: an order, lanes of an order, at most once,
// limits, and a circuit that is open. Each is kept to by all processes together, whichever of them die.
import type { ServerProcess } from '../../setup/server-process.js';
import { eventually } from '../../setup/eventually.js';
import type { Evidence } from '../evidence.js';
import type { FaultPostgres } from '../postgres.js';
import { checkCircuit, checkRules } from '../rules.js';
import type { WebhookRules } from '../rules.js';
import { QUIET_WITHIN_MS, Scene } from '../scene.js';
import type { Report, Stage } from '../scene.js';

const WORKERS = 2;

/** Longer than any answer takes on a busy machine: whatever ends without one was cut off by a fault. */
const TIMEOUT_MS = 30_000;

const KEYS = 5;
const keyOf = (n: number): string => `key-${n % KEYS}`;

/** Of answers that take a fifth of a second, either is what holds a burst back, in turn. */
const LIMITS = { maxInFlight: 3, rateLimit: { max: 10, perSeconds: 1 } };

const DOWN = '/ok/circuit';
const CIRCUIT_AFTER = 8;
/** What waits behind the circuit: a burst of it would be seen. */
const BEHIND_CIRCUIT = 60;

/** Kinds of events, and how many of each are published at a time. */
const PORTION = { plain: 8, keyed: 15, paced: 10, once: 8 };
type Kind = keyof typeof PORTION;
const PORTIONS = Object.keys(PORTION) as Kind[];
/** Requests that arrive before a fault, at most. */
const BEFORE = 25;

export interface RulesSize {
  /** In each, one of two workers is killed, or PostgreSQL crashes; then all workers are killed at once. */
  readonly rounds: readonly ('kill' | 'crash')[];
  /** How often the circuit opens before its receiver is well again. */
  readonly pauses: number;
}

export const ownRules = (stage: Stage, { rounds, pauses }: RulesSize, postgres?: FaultPostgres): Promise<Report> =>
  Scene.play(stage, { CIRCUIT_AFTER: String(CIRCUIT_AFTER) }, async (scene) => {
    const { rows } = scene;
    await scene.start('api');
    await rows.recordClaims();
    const start = (): Promise<ServerProcess> => scene.start('worker');
    const workers = await Promise.all(Array.from({ length: WORKERS }, start));
    const rules = await webhooks(scene);
    const circuit = await openCircuit(scene);
    let [restarts, roundsDone] = [0, 0];
    const recovered = (async () => {
      await eventually(
        () => roundsDone > 0 && circuit.watch.pauses.length >= pauses,
        `the circuit opens ${pauses} times, and all workers are new`,
        { within: QUIET_WITHIN_MS },
      );
      scene.behave(DOWN, '/ok');
      return { upAt: Date.now(), restarts };
    })();

    const cutOff = new Set<string>();
    const kill = async (...victims: readonly ServerProcess[]): Promise<void> => {
      await Promise.all(victims.map((worker) => scene.kill(worker)));
      for (const key of await scene.underWay()) cutOff.add(key);
      restarts += victims.length;
    };
    const publish = async (): Promise<void> => {
      for (const kind of PORTIONS) await publishOne(scene, kind);
    };
    const crashedOn = scene.dice.shuffle(PORTIONS);
    let crashes = 0;
    const fault = {
      kill: async () => {
        const publishing = publish();
        await untilSent(scene, 1 + scene.dice.below(BEFORE));
        const victim = scene.dice.below(WORKERS);
        await kill(workers[victim] as ServerProcess);
        workers[victim] = await start();
        await publishing;
      },
      // At the very first request of one kind: whatever is written after it takes along to the disk what was to be undone.
      crash: async () => {
        const kind = crashedOn[crashes % crashedOn.length] ?? 'once';
        crashes += 1;
        const sent = untilSent(scene, 1);
        await publishOne(scene, kind);
        await sent;
        await postgres?.crash();
        await postgres?.run();
      },
    };
    for (const kind of rounds) {
      await eventually(() => rows.isDone({ but: circuit.webhookId }), 'what was published is delivered', {
        within: QUIET_WITHIN_MS,
      });
      await fault[kind]();
      // What was cut off holds up its lane, and takes its part of what may be in flight; the rest goes on.
      await publish();
      await untilSent(scene, 1 + scene.dice.below(BEFORE / 2));
      await scene.holdRequest();
      await kill(...workers);
      await rows.endLeases();
      workers.splice(0, WORKERS, ...(await Promise.all(Array.from({ length: WORKERS }, start))));
      roundsDone += 1;
    }
    const downtime = { ...(await recovered), workers: WORKERS, pauses: circuit.watch.pauses };
    await scene.quiesce();
    await circuit.watch.stop();

    const claims = await rows.claims();
    const report = await scene.report(
      {
        cutOff,
        // A crash may undo the claims of probes, which do not wait for the disk.
        duplicates: WORKERS * crashes,
        repeatedNumbers: WORKERS * crashes,
        finals: (_, { webhookId }) => (webhookId === rules.once.webhookId ? ['success', 'failed'] : 'success'),
      },
      (evidence) => [
        ...Object.values(rules).flatMap((of) => checkRules(evidence, claims, of)),
        ...checkCircuit(claims, circuit.webhookId, downtime).map((complaint) => `circuit: ${complaint}`),
        ...Object.values(rules).flatMap((of) => untested(evidence, of)),
      ],
    );
    const { unknownOutcomes } = report.counts;
    scene.notes.push(
      `${rounds.length - crashes} kills of one worker, ${crashes} crashes of PostgreSQL, ${rounds.length} kills of all: ${unknownOutcomes} attempts were cut off`,
      `the circuit opened ${downtime.pauses.length} times`,
    );
    if (unknownOutcomes > 0) return report;
    return { ...report, broken: [...report.broken, 'Nothing was cut off: the scenario tested nothing.'] };
  });

const publishOne = (scene: Scene, kind: Kind): Promise<void> =>
  scene.publisher.publish(`load.${kind}`, PORTION[kind], kind === 'keyed' ? { keyOf } : {});

/** Waits until so many more requests have come than those behind the circuit. */
async function untilSent(scene: Scene, more: number): Promise<void> {
  const sent = (): number => scene.arrived().filter(({ path }) => path !== DOWN).length;
  const count = sent() + more;
  await eventually(() => sent() >= count, `${more} more requests arrive`, { within: QUIET_WITHIN_MS });
}

/** The webhooks that have rules. */
async function webhooks(scene: Scene): Promise<Record<'lane' | 'lanes' | 'once' | 'paced', WebhookRules>> {
  const make = async (name: string, path: string, event: string, asks: object): Promise<WebhookRules> => {
    const { id } = await scene.webhook(path, [event], { timeoutMs: TIMEOUT_MS, ...asks });
    return { webhookId: id, name };
  };
  return {
    lane: { ...(await make('one lane', '/stumble/lane', 'load.plain', { ordered: true })), ordered: true },
    lanes: { ...(await make('lanes', '/stumble/lanes', 'load.keyed', { ordered: true })), ordered: true },
    once: { ...(await make('at most once', '/once/a', 'load.*', { guarantee: 'at-most-once' })), atMostOnce: true },
    paced: { ...(await make('limits', '/calm/a', 'load.paced', LIMITS)), ...LIMITS },
  };
}

/** A webhook whose receiver is down: resolves once it pauses, with a backlog behind it. */
async function openCircuit(
  scene: Scene,
): Promise<{ webhookId: string; watch: ReturnType<Scene['rows']['watchPauses']> }> {
  const { id: webhookId } = await scene.webhook(DOWN, ['down.*'], { timeoutMs: TIMEOUT_MS });
  scene.behave(DOWN, '/down');
  const watch = scene.rows.watchPauses(webhookId);
  await scene.publisher.publish('down.event', BEHIND_CIRCUIT);
  await eventually(() => watch.pauses.length > 0, 'the circuit opens', { within: QUIET_WITHIN_MS });
  return { webhookId, watch };
}

/** A rule that held nothing back tells nothing. */
function untested({ deliveries, requests }: Evidence, { webhookId, name, maxInFlight }: WebhookRules): string[] {
  const ids = new Set(deliveries.filter((delivery) => delivery.webhookId === webhookId).map(({ id }) => id));
  const sent = requests.filter(({ delivery }) => ids.has(delivery));
  const isTested = maxInFlight === undefined ? sent.length > 0 : sent.some(({ open }) => open === maxInFlight);
  return isTested ? [] : [`${name}: the scenario tested nothing.`];
}
