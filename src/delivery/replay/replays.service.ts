// Asking for a replay, and seeing how far it is. Nothing is sent from here: a stored replay is carried out.
import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../kernel/clock.js';
import { NotFoundError, ValidationFailedError } from '../../kernel/errors.js';
import { isId, lowestIdAt, timeOfId } from '../../kernel/ids.js';
import { AuditLog } from '../../platform/audit/index.js';
import type { Author } from '../../platform/audit/index.js';
import { momentOf } from '../../platform/http/index.js';
import { IdempotencyLedger } from '../../platform/idempotency/index.js';
import type { IdempotentRequest } from '../../platform/idempotency/index.js';
import { CLOCK_TOKEN } from '../../platform/platform.module.js';
import { WebhooksService } from '../../registry/index.js';
import { TooManyReplaysError, WebhookDisabledError } from '../delivery.errors.js';
import { FINAL_STATUSES } from '../delivery-status.js';
import type { FinalStatus } from '../delivery-status.js';
import type { ReplayRequestDto } from './dto/replay-request.dto.js';
import type { ReplayAcceptedView, ReplayView } from './dto/replay-view.js';
import { MAX_UNFINISHED } from './replay.statements.js';
import { Replayer } from './replayer.js';
import { ReplaysRepository } from './replays.repository.js';

/** What is replayed where nothing is said: all that did not arrive. */
const UNSUCCESSFUL: readonly FinalStatus[] = FINAL_STATUSES.filter((status) => status !== 'success');

@Injectable()
export class ReplaysService {
  constructor(
    @Inject(CLOCK_TOKEN) private readonly clock: Clock,
    private readonly webhooks: WebhooksService,
    private readonly replays: ReplaysRepository,
    private readonly replayer: Replayer,
    private readonly ledger: IdempotencyLedger,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Sends deliveries of a webhook again, as new deliveries of the same events; with `dryRun` only counts them.
   *
   * @throws WebhookNotFoundError, WebhookDisabledError, TooManyReplaysError, ValidationFailedError without `since`
   */
  async request(
    tenantId: string,
    webhookId: string,
    { since, until, status, dryRun }: ReplayRequestDto,
    request?: IdempotentRequest,
    author?: Author,
  ): Promise<ReplayAcceptedView> {
    const from = momentOf(since);
    if (!from) throw new ValidationFailedError(['since must be given']);
    const { active } = await this.webhooks.get(tenantId, webhookId);
    if (!active) throw new WebhookDisabledError();
    // Never later than now: a replay must not come upon the deliveries that it makes.
    const to = Math.min(momentOf(until)?.getTime() ?? Infinity, this.clock());
    const filter = {
      tenantId,
      webhookId,
      sinceId: lowestIdAt(from.getTime()),
      untilId: lowestIdAt(to),
      statuses: status ?? UNSUCCESSFUL,
    };
    const accepted = await this.ledger.run<ReplayAcceptedView>(tenantId, request, async (executor) => {
      if (dryRun) return { count: await this.replays.count(executor, filter) };
      if (await this.replays.isFull(executor, webhookId)) throw new TooManyReplaysError(MAX_UNFINISHED);
      const replay = await this.replays.insert(executor, filter);
      const after = { shown: { replay: replay.id, since, until, status: filter.statuses, count: replay.count } };
      await this.audit.record(executor, author, { action: 'webhook.replayed', resource: webhookId, after });
      return replay;
    });
    if (!dryRun) this.replayer.lookEverywhere();
    return accepted;
  }

  /** @throws NotFoundError when the tenant has no such replay. */
  async get(tenantId: string, id: string): Promise<ReplayView> {
    const replay = isId(id) ? await this.replays.find(tenantId, id) : undefined;
    if (!replay) throw new NotFoundError('replay');
    return {
      id,
      webhookId: replay.webhookId,
      since: new Date(timeOfId(replay.sinceId)),
      until: new Date(timeOfId(replay.untilId)),
      status: replay.statuses,
      count: replay.total,
      made: replay.made,
      createdAt: replay.createdAt,
      finishedAt: replay.finishedAt,
    };
  }
}
