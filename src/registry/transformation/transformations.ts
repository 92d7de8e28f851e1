// Transforms events, whoever decides how: what a transformer may answer, and what comes of it when it fails.
import { Inject, Injectable } from '@nestjs/common';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { inTimeOr } from '../../kernel/in-time.js';
import { SETTINGS_TOKEN } from '../../platform/config/index.js';
import type { Settings } from '../../platform/config/index.js';
import { EvaluatorBusyError, InvalidTransformationError } from '../registry.errors.js';
import { EvaluationError, Evaluator } from './evaluator.js';
import { PayloadTransformer } from './payload-transformer.js';
import type { TransformedEvent, TransformingWebhook } from './payload-transformer.js';

const MAX_MESSAGE_LENGTH = 300;

/** A transformation may take so long, waiting for its turn included: a delivery keeps its slot meanwhile, and its lease runs. */
const MAX_TRANSFORMING_MS = 10_000;

/** Nothing can be sent in the place of an event; the message says why, in a sentence for the tenant. */
export class TransformationError extends Error {}

@Injectable()
export class Transformations {
  constructor(
    private readonly transformer: PayloadTransformer,
    private readonly evaluator: Evaluator,
    @Inject(SETTINGS_TOKEN) private readonly settings: Pick<Settings, 'maxEventSize'>,
  ) {}

  /** @throws InvalidTransformationError where an expression cannot be read, EvaluatorBusyError */
  async check(tenantId: string, expression: string | null | undefined): Promise<void> {
    if (expression === null || expression === undefined) return;
    try {
      await this.evaluator.check(tenantId, expression);
    } catch (error) {
      throw error instanceof EvaluationError ? new InvalidTransformationError(error.message) : error;
    }
  }

  /** Whether the events of a webhook are transformed. They are where the transformer cannot say so: nothing goes out as it is by mistake. */
  applyTo(webhook: TransformingWebhook): boolean {
    try {
      return this.transformer.appliesTo(webhook);
    } catch {
      return true;
    }
  }

  /** JSON text of what is sent in the place of an event. @throws TransformationError, EvaluatorBusyError where its turn did not come */
  async run(event: TransformedEvent, webhook: TransformingWebhook): Promise<string> {
    // What JSON.stringify gives of undefined, of functions and of symbols is not in its type.
    let json: string | undefined;
    try {
      json = JSON.stringify(await abortedWhenLate((signal) => this.transformer.transform(event, webhook, signal)));
    } catch (error) {
      if (error instanceof EvaluatorBusyError) throw error;
      throw problem(error instanceof Error ? error.message : 'it threw what is no error');
    }
    if (json === undefined) throw problem('it gave nothing');
    const { maxEventSize } = this.settings;
    if (Buffer.byteLength(json) > maxEventSize) throw problem(`it gave more than ${maxEventSize} bytes`);
    return json;
  }
}

const problem = (what: string): TransformationError =>
  new TransformationError(`The transformation failed: ${what.slice(0, MAX_MESSAGE_LENGTH)}`);

/** What the work comes to. It may never be done: then it is told that nobody waits for it any more. */
async function abortedWhenLate(work: (signal: AbortSignal) => unknown): Promise<unknown> {
  const wanted = new AbortController();
  return inTimeOr(work(wanted.signal), MAX_TRANSFORMING_MS, async () => {
    wanted.abort();
    // What has only waited for its turn says so as it is aborted, before it is said that it was slow.
    await nextTurn();
    throw new Error(`it took longer than ${MAX_TRANSFORMING_MS} ms`);
  });
}
