// Alerts in the log, where nothing else was asked for.
import { Injectable, Logger } from '@nestjs/common';
import { AlertSink } from './alert-sink.js';
import type { Alert } from './alert-sink.js';

/** Writes alerts to the application's log: errors and warnings as warnings, the rest as news. */
@Injectable()
export class LogAlerts extends AlertSink {
  private readonly logger = new Logger('Alerts');

  override send({ severity, text }: Alert): void {
    if (severity === 'info') this.logger.log(text);
    else this.logger.warn(text);
  }
}
