// Starts the server and stops it in order: HTTP and engine first, the database last.
import { ConsoleLogger } from '@nestjs/common';
import type { LogLevel } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AddressInfo } from 'node:net';
import { AppModule } from './app.module.js';
import { inTimeOr } from './kernel/in-time.js';
import { environmentInput, generatedKeys, readEnvironment } from './platform/config/index.js';
import type { Settings } from './platform/config/index.js';
import { startEmbeddedPostgres } from './platform/database/embedded-postgres/index.js';
import type { EmbeddedPostgres } from './platform/database/embedded-postgres/index.js';
import { configureHttp, ServerAdapter } from './platform/http/index.js';
import { serveOpenApi } from './platform/http/openapi.js';
import { continueTrace, startSpanExport } from './span-export.js';
import type { SpanExport } from './span-export.js';

const LEVELS: readonly LogLevel[] = ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'];

/** How long a stop may take beyond SHUTDOWN_TIMEOUT, in which the last outcomes, queues, HTTP and connections end. */
const LAST_STEPS_MS = 10_000;

const tooLong = (limitMs: number): Error =>
  new Error(`The stop is cut short after ${limitMs / 1_000} s: what is under way is done again once its lease ends.`);

/** A server that runs. */
export interface RunningServer {
  readonly url: string;
  /** Present exactly at the start that made the admin key. */
  readonly newAdminKey?: string;
  /** Fulfils only if the embedded database ends by itself: the server cannot go on. */
  readonly databaseLost: Promise<Error>;
  /** Drains and stops everything, the embedded database last; rejects where something hangs, PostgreSQL for one. */
  stop(): Promise<void>;
}

/**
 * Starts everything that an environment asks for.
 *
 * @param onReady - Called once all is there that may be waited for, just before anything is taken or sent: from then on it must be
 *   stopped in order.
 * @throws SettingsError naming the variables that are wrong; EmbeddedPostgresError with a sentence that says what to do.
 */
export async function startServer(
  env: Record<string, string | undefined>,
  onReady: () => void = () => undefined,
): Promise<RunningServer> {
  const settings = readEnvironment(env);
  const logger = new ConsoleLogger({
    json: !process.stdout.isTTY,
    logLevels: LEVELS.slice(0, LEVELS.indexOf(settings.logLevel) + 1),
  });
  const { otelExporterOtlpEndpoint: collector } = settings;
  const spans = collector === undefined ? undefined : await startSpanExport(collector, logger);
  const keys = await generatedKeys(settings);
  const embedded = settings.databaseUrl
    ? undefined
    : await startEmbeddedPostgres({ dataDir: settings.dataDir, log: (line) => logger.debug(line, 'PostgreSQL') });
  try {
    const app = await NestFactory.create<NestExpressApplication>(
      AppModule.register({
        ...environmentInput(env),
        connection: embedded?.connection,
        encryptionKey: keys.encryptionKey.map((key) => key.reveal()),
        adminApiKey: keys.adminApiKey.reveal(),
      }),
      new ServerAdapter(),
      { bodyParser: false, logger, abortOnError: false },
    );
    if (spans) app.use('/api', continueTrace);
    configureHttp(app, settings);
    serveOpenApi(app);
    onReady();
    await app.listen(settings.port, settings.host);
    return running(app, settings, { embedded, spans }, keys.adminKeyIsNew ? keys.adminApiKey.reveal() : undefined);
  } catch (error) {
    await embedded?.stop();
    await spans?.stop();
    throw error;
  }
}

function running(
  app: NestExpressApplication,
  settings: Settings,
  { embedded, spans }: { embedded: EmbeddedPostgres | undefined; spans: SpanExport | undefined },
  newAdminKey: string | undefined,
): RunningServer {
  const { port } = app.getHttpServer().address() as AddressInfo;
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host;
  return {
    url: `http://${host}:${port}`,
    newAdminKey,
    databaseLost: embedded?.lost ?? new Promise(() => undefined),
    stop: async () => {
      const limitMs = settings.shutdownTimeoutMs + LAST_STEPS_MS;
      const tooLate = (): never => {
        throw tooLong(limitMs);
      };
      try {
        await inTimeOr(app.close(), limitMs, tooLate, { ref: false });
      } finally {
        await spans?.stop();
        await embedded?.stop();
      }
    },
  };
}
