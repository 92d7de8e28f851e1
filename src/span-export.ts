// The server's own traces: OpenTelemetry's SDK, loaded only where there is a collector to send to.
import { context, diag, DiagLogLevel, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import type { LoggerService } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { inTime } from './kernel/in-time.js';
import { VERSION } from './kernel/version.js';
import { SettingsError } from './platform/config/index.js';

/** How long a stopping server waits for a collector to take the last spans. */
const FLUSH_MS = 5_000;

/** Spans on their way to a collector. */
export interface SpanExport {
  /** Sends what is left, or gives it up after five seconds. Never rejects. */
  stop(): Promise<void>;
}

/**
 * Takes the spans of this process and sends them to a collector, by OTLP over HTTP. At most 2,048 wait; what is more is dropped, and
 * no delivery waits for a collector that is slow or away. The other variables of OpenTelemetry (`OTEL_SERVICE_NAME`,
 * `OTEL_TRACES_SAMPLER`, `OTEL_EXPORTER_OTLP_HEADERS` …) say what they always do: the SDK reads them.
 *
 * @throws SettingsError where the packages of the SDK were not installed; they are optional.
 */
export async function startSpanExport(endpoint: string, logger: LoggerService): Promise<SpanExport> {
  const { sdk, exporter, resources } = await loadSdk();
  diag.setLogger(logOf(logger), DiagLogLevel.WARN);
  const provider = new sdk.NodeTracerProvider({
    resource: resources
      .defaultResource()
      .merge(resources.resourceFromAttributes({ 'service.name': 'posthorn', 'service.version': VERSION }))
      .merge(resources.detectResources({ detectors: [resources.envDetector] })),
    spanProcessors: [
      new sdk.BatchSpanProcessor(new exporter.OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` })),
    ],
  });
  provider.register();
  return {
    stop: async () => {
      const lost = (error: Error): void => void logger.warn(`The last spans are lost: ${error.message}`, 'Traces');
      await inTime(provider.shutdown().catch(lost), FLUSH_MS);
    },
  };
}

/**
 * Has what a request to the API causes go on in the trace that its caller names: a span is made only once the caller's key was accepted.
 * The request is bound too, for its body is read when it comes.
 */
export function continueTrace(request: IncomingMessage, _: unknown, next: () => void): void {
  const from = propagation.extract(ROOT_CONTEXT, request.headers);
  context.bind(from, request);
  context.with(from, next);
}

async function loadSdk() {
  try {
    const [sdk, exporter, resources] = await Promise.all([
      import('@opentelemetry/sdk-trace-node'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ]);
    return { sdk, exporter, resources };
  } catch {
    throw new SettingsError(
      'OTEL_EXPORTER_OTLP_ENDPOINT needs the optional packages of OpenTelemetry: install without --omit=optional.',
    );
  }
}

/** What OpenTelemetry has to say; it never ends anything. */
function logOf(logger: LoggerService) {
  const warn = (message: string): void => void logger.warn(`Spans may be lost: ${message}`, 'Traces');
  const nothing = (): void => undefined;
  return { error: warn, warn, info: nothing, debug: nothing, verbose: nothing };
}
