// Which sinks there are: those of the application, or the log; and the URL of the settings, where there is one.
import type { Provider } from '@nestjs/common';
import { SETTINGS_TOKEN } from '../../platform/config/index.js';
import type { Settings } from '../../platform/config/index.js';
import { extensionProvider } from '../../platform/extension.js';
import type { Extension } from '../../platform/extension.js';
import type { AlertSink } from './alert-sink.js';
import { LogAlerts } from './log-alerts.js';
import { WebhookAlerts } from './webhook-alerts.js';

/** Injects the sinks, in the order in which they were given. */
export const SINKS_TOKEN = Symbol('posthorn.alert-sinks');

/** The providers behind {@link SINKS_TOKEN}. */
export function alertProviders(sinks: readonly Extension<AlertSink>[] = [LogAlerts]): Provider[] {
  const tokens = sinks.map((_, place) => Symbol(`posthorn.alert-sink.${place}`));
  return [
    ...sinks.map((sink, place) => extensionProvider(tokens[place] as symbol, sink)),
    {
      provide: SINKS_TOKEN,
      inject: [SETTINGS_TOKEN, ...tokens],
      useFactory: ({ alertUrl }: Settings, ...made: AlertSink[]): AlertSink[] =>
        alertUrl === undefined ? made : [...made, new WebhookAlerts(alertUrl)],
    },
  ];
}
