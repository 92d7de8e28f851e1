// An explicit list, so that bundlers and a host's own data source see the same one.
import { Init1764000000000 } from './1764000000000-init.js';
import { WebhookPace1764000000100 } from './1764000000100-webhook-pace.js';
import { Replay1764000000200 } from './1764000000200-replay.js';
import { Erase1764000000300 } from './1764000000300-erase.js';
import { PayloadFormat1764000000400 } from './1764000000400-payload-format.js';
import { PaceAndOrder1764000000500 } from './1764000000500-pace-and-order.js';
import { LogIndexes1764000000600 } from './1764000000600-log-indexes.js';
import { SendingPolicy1764000000700 } from './1764000000700-sending-policy.js';
import { ReplayFailures1764000000710 } from './1764000000710-replay-failures.js';
import { SendingOptions1764000000800 } from './1764000000800-sending-options.js';
import { SourceSettings1764000001000 } from './1764000001000-source-settings.js';
import { SourceRejections1764000001010 } from './1764000001010-source-rejections.js';
import { LedgerExpiry1764000001100 } from './1764000001100-ledger-expiry.js';
import { HandlerLane1764000001110 } from './1764000001110-handler-lane.js';
import { SourceWatch1764000001300 } from './1764000001300-source-watch.js';
import { TestDeliveries1764000001400 } from './1764000001400-test-deliveries.js';
import { UsualGap1764000001600 } from './1764000001600-usual-gap.js';
import { ApiKeys1764000001700 } from './1764000001700-api-keys.js';
import { AuditLog1764000001710 } from './1764000001710-audit-log.js';
import { TenantDeletion1764000001720 } from './1764000001720-tenant-deletion.js';
import { TenantQuotas1764000001730 } from './1764000001730-tenant-quotas.js';
import { PublicKeys1764000001800 } from './1764000001800-public-keys.js';
import { SourceRate1764000001950 } from './1764000001950-source-rate.js';
import { EventFilters1764000002000 } from './1764000002000-event-filters.js';
import { EventTypes1764000002010 } from './1764000002010-event-types.js';
import { Authentication1764000002100 } from './1764000002100-authentication.js';
import { PendingOrder1764000002150 } from './1764000002150-pending-order.js';
import { RowLevelSecurity1764000002200 } from './1764000002200-row-level-security.js';
import { Transformations1764000002300 } from './1764000002300-transformations.js';
import { PortalSessions1764000002350 } from './1764000002350-portal-sessions.js';
import { AttemptCounts1764000002400 } from './1764000002400-attempt-counts.js';
import { LiveEntries1764000002410 } from './1764000002410-live-entries.js';
import { AttemptTiming1764000002500 } from './1764000002500-attempt-timing.js';
import { Traces1764000002600 } from './1764000002600-traces.js';
import { WebhookBeginsAnew1764000002710 } from './1764000002710-webhook-begins-anew.js';
import { AskedPauses1764000002720 } from './1764000002720-asked-pauses.js';
import { Probes1764000002730 } from './1764000002730-probes.js';
import { TransformedFormat1764000002740 } from './1764000002740-transformed-format.js';
import { ReplayedOrder1764000002750 } from './1764000002750-replayed-order.js';
import { FinishedReplays1764000002760 } from './1764000002760-finished-replays.js';
import { PoliciesBesideTheOrder1764000002770 } from './1764000002770-policies-beside-the-order.js';
import { StatusesOfATenant1764000002780 } from './1764000002780-statuses-of-a-tenant.js';

/** Every migration of Posthorn, in order: for an application that runs them with its own tools. */
export const POSTHORN_MIGRATIONS = [
  Init1764000000000,
  WebhookPace1764000000100,
  Replay1764000000200,
  Erase1764000000300,
  PayloadFormat1764000000400,
  PaceAndOrder1764000000500,
  LogIndexes1764000000600,
  SendingPolicy1764000000700,
  ReplayFailures1764000000710,
  SendingOptions1764000000800,
  SourceSettings1764000001000,
  SourceRejections1764000001010,
  LedgerExpiry1764000001100,
  HandlerLane1764000001110,
  SourceWatch1764000001300,
  TestDeliveries1764000001400,
  UsualGap1764000001600,
  ApiKeys1764000001700,
  AuditLog1764000001710,
  TenantDeletion1764000001720,
  TenantQuotas1764000001730,
  PublicKeys1764000001800,
  SourceRate1764000001950,
  EventFilters1764000002000,
  EventTypes1764000002010,
  Authentication1764000002100,
  PendingOrder1764000002150,
  RowLevelSecurity1764000002200,
  Transformations1764000002300,
  PortalSessions1764000002350,
  AttemptCounts1764000002400,
  LiveEntries1764000002410,
  AttemptTiming1764000002500,
  Traces1764000002600,
  WebhookBeginsAnew1764000002710,
  AskedPauses1764000002720,
  Probes1764000002730,
  TransformedFormat1764000002740,
  ReplayedOrder1764000002750,
  FinishedReplays1764000002760,
  PoliciesBesideTheOrder1764000002770,
  StatusesOfATenant1764000002780,
] as const;
