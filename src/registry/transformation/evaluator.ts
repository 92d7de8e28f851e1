// Evaluates the expressions of tenants, which may run for ever and take all memory: one after the other, in a process that
// ends when one goes too far, and in turns, so that no tenant's slow ones cost the others more than their share. What nobody
// waits for any more is not evaluated, and not kept.
import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { monotonicNow } from '../../kernel/clock.js';
import { SETTINGS_TOKEN } from '../../platform/config/index.js';
import type { Settings } from '../../platform/config/index.js';
import { EvaluatorBusyError } from '../registry.errors.js';
import { FairQueue } from './fair-queue.js';

/** Longest expression, in characters. */
export const MAX_EXPRESSION_LENGTH = 8_192;

/** Far more than an honest expression takes, on a busy machine too. */
const EVALUATION_MS = 1_000;

/** Where nobody says for how long an expression is wanted: what waits bounds the memory. */
const MAX_WAIT_MS = 15_000;

/** As evaluator.process.mjs ends. */
const TOO_LONG = 3;

/** Memory of an evaluation: what JSONata needs by itself, several times over, and what the largest event may come to as values. */
const BASE_MEMORY_MB = 64;
const MEMORY_PER_BYTE = 16;

/** An expression cannot be read, or did not come to a result; the message says why, in the words of JSONata. */
export class EvaluationError extends Error {}

const PROGRAM = fileURLToPath(new URL('./evaluator.process.mjs', import.meta.url));

interface Question {
  readonly expression: string;
  /** Absent: whether the expression can be read. */
  readonly input?: unknown;
}

interface Answer {
  readonly json?: string;
  readonly problem?: string;
}

interface Job {
  readonly question: Question;
  readonly resolve: (json: string | undefined) => void;
  readonly reject: (error: Error) => void;
}

@Injectable()
export class Evaluator implements OnApplicationShutdown {
  private readonly queue = new FairQueue<Job>();
  private process: Promise<ChildProcess> | undefined;
  private busy = false;
  private closed = false;

  constructor(@Inject(SETTINGS_TOKEN) private readonly settings: Pick<Settings, 'maxEventSize'>) {}

  /** Last: deliveries that are on their way out need it until they are. */
  async onApplicationShutdown(): Promise<void> {
    this.closed = true;
    for (let next = this.queue.next(); next; next = this.queue.next())
      next.job.reject(new Error('Posthorn is stopping.'));
    (await this.process?.catch(() => undefined))?.kill('SIGKILL');
  }

  /** @throws EvaluationError where the expression cannot be read, EvaluatorBusyError */
  async check(tenantId: string, expression: string): Promise<void> {
    await this.ask(tenantId, { expression });
  }

  /**
   * What an expression makes of an input.
   *
   * @param signal - Aborted when nobody waits for it any more.
   * @throws EvaluationError, EvaluatorBusyError where it was not done by then
   */
  async evaluate(tenantId: string, expression: string, input: unknown, signal?: AbortSignal): Promise<unknown> {
    const json = await this.ask(tenantId, { expression, input }, signal);
    return json === undefined ? undefined : (JSON.parse(json) as unknown);
  }

  private async ask(
    tenantId: string,
    question: Question,
    signal = AbortSignal.timeout(MAX_WAIT_MS),
  ): Promise<string | undefined> {
    if (this.closed) throw new Error('Posthorn is stopping.');
    if (signal.aborted) throw new EvaluatorBusyError();
    let onAbort: (() => void) | undefined;
    try {
      return await new Promise((resolve, reject) => {
        const job = { question, resolve, reject };
        onAbort = () => {
          this.queue.drop(tenantId, job);
          reject(new EvaluatorBusyError());
        };
        signal.addEventListener('abort', onAbort);
        this.queue.add(tenantId, job);
        void this.work();
      });
    } finally {
      if (onAbort) signal.removeEventListener('abort', onAbort);
    }
  }

  /** Takes jobs for as long as there are any; one at a time, since there is one thread. */
  private async work(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    for (let next = this.queue.next(); next; next = this.queue.next()) {
      const { owner, job } = next;
      let startedAt = monotonicNow();
      try {
        const process = await (this.process ??= this.start());
        startedAt = monotonicNow();
        const { json, problem } = await answerOf(process, { ...job.question, maxBytes: this.settings.maxEventSize });
        if (problem === undefined) job.resolve(json);
        else job.reject(new EvaluationError(problem));
      } catch (error) {
        if (!(error instanceof EvaluationError)) this.process = undefined;
        job.reject(error as Error);
      }
      this.queue.spent(owner, monotonicNow() - startedAt);
    }
    this.busy = false;
  }

  /** One that has read its program: what it takes to start is nobody's time. */
  private async start(): Promise<ChildProcess> {
    const memoryMb = BASE_MEMORY_MB + Math.ceil((this.settings.maxEventSize * MEMORY_PER_BYTE) / 1_048_576);
    const child = fork(PROGRAM, [String(EVALUATION_MS), String(memoryMb)], {
      // Nothing of ours is there to be read, and nothing that a tenant wrote is printed.
      env: {},
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
    });
    child.unref();
    child.channel?.unref();
    // Whoever waits for an answer hears of it by its exit.
    child.on('error', () => undefined);
    child.once('exit', () => (this.process = undefined));
    await Promise.race([once(child, 'message'), once(child, 'exit')]);
    return child;
  }
}

/** @throws EvaluationError where the process ended over it */
function answerOf(child: ChildProcess, question: Question & { readonly maxBytes: number }): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => {
      child.off('message', onMessage);
      const what = code === TOO_LONG ? `longer than ${EVALUATION_MS} ms` : 'too much memory';
      reject(new EvaluationError(`it took ${what}`));
    };
    const onMessage = (answer: unknown): void => {
      child.off('exit', onExit);
      resolve(answer as Answer);
    };
    child.once('message', onMessage).once('exit', onExit);
    if (child.exitCode === null && child.signalCode === null) child.send(question);
    else onExit(child.exitCode);
  });
}
