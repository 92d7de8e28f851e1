// The plumbing as one module: settings, database, queues, the secret box, the egress policy, clock and dice. It knows
// none of the product's nouns. Every feature module imports the same instance of it.
import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { systemClock } from '../kernel/clock.js';
import { EgressPolicy } from '../kernel/egress-policy.js';
import { SecretBox } from '../kernel/secret-box.js';
import { KeyRingCipher, SecretCipher } from '../kernel/secret-cipher.js';
import { FailedAttempts, HOST_GUARD_TOKENS, hostGuardProviders, RequestLimits } from './access/index.js';
import type { RouteGuards } from './access/index.js';
import { AuditLog, AuditRetention } from './audit/index.js';
import { SETTINGS_TOKEN, SettingsError } from './config/index.js';
import type { Settings } from './config/index.js';
import { DatabaseModule } from './database/index.js';
import type { Persistence } from './database/index.js';
import { extensionProvider } from './extension.js';
import type { Extension } from './extension.js';
import { AnswerRoom, BodyRoom } from './http/index.js';
import { IdempotencyLedger, IdempotencyRetention } from './idempotency/index.js';
import { Metrics } from './observability/index.js';
import { QueueModule } from './queue/index.js';
import { SealedSecrets } from './secrets/index.js';
import { ShutdownDeadline } from './shutdown-deadline.js';

/** Injects the `Clock`. */
export const CLOCK_TOKEN = Symbol('posthorn.clock');

/** Injects the dice: a function like `Math.random`. */
export const RANDOM_TOKEN = Symbol('posthorn.random');

const providers = [
  {
    provide: SecretBox,
    inject: [SETTINGS_TOKEN],
    useFactory: ({ encryptionKey }: Settings): SecretBox => {
      if (!encryptionKey) throw new SettingsError('encryptionKey is required: stored secrets are encrypted with it.');
      return new SecretBox(encryptionKey.map((key) => Buffer.from(key.reveal(), 'base64')));
    },
  },
  {
    provide: KeyRingCipher,
    inject: [SecretBox],
    useFactory: (box: SecretBox): KeyRingCipher => new KeyRingCipher(box),
  },
  {
    provide: EgressPolicy,
    inject: [SETTINGS_TOKEN],
    useFactory: ({ allowHttp, allowNetworks }: Settings): EgressPolicy =>
      new EgressPolicy({ allowHttp, allowNetworks }),
  },
  {
    provide: FailedAttempts,
    inject: [SETTINGS_TOKEN],
    useFactory: (settings: Settings): FailedAttempts => new FailedAttempts(settings),
  },
  {
    provide: RequestLimits,
    inject: [SETTINGS_TOKEN],
    useFactory: (settings: Settings): RequestLimits => new RequestLimits(settings),
  },
  { provide: AnswerRoom, useFactory: (): AnswerRoom => new AnswerRoom() },
  { provide: BodyRoom, useFactory: (): BodyRoom => new BodyRoom() },
  { provide: CLOCK_TOKEN, useValue: systemClock },
  { provide: RANDOM_TOKEN, useValue: Math.random },
];

/** What an application puts in the place of ours. */
export interface PlatformExtras {
  /** Encrypts the secrets that are stored; it may inject `KeyRingCipher`, to read what that has sealed. @defaultValue KeyRingCipher */
  readonly secretCipher?: Extension<SecretCipher>;
  /** Guards of your own, on our routes alone. @defaultValue none */
  readonly guards?: RouteGuards;
}

@Module({})
export class PlatformModule {
  /** @param settings - The `SettingsModule` instance that everything below reads. */
  static register(
    settings: DynamicModule,
    persistence: Persistence,
    { secretCipher = { useExisting: KeyRingCipher }, guards = {} }: PlatformExtras = {},
  ): DynamicModule {
    const parts = [settings, DatabaseModule.register(settings, persistence), QueueModule.register(settings)];
    return {
      module: PlatformModule,
      imports: parts,
      providers: [
        ...providers,
        ...hostGuardProviders(guards),
        extensionProvider<SecretCipher>(SecretCipher, secretCipher),
        SealedSecrets,
        IdempotencyLedger,
        IdempotencyRetention,
        AuditLog,
        AuditRetention,
        Metrics,
        ShutdownDeadline,
      ],
      exports: [
        ...parts,
        ...providers.map(({ provide }) => provide),
        ...HOST_GUARD_TOKENS,
        SealedSecrets,
        IdempotencyLedger,
        AuditLog,
        Metrics,
        ShutdownDeadline,
      ],
    };
  }
}
