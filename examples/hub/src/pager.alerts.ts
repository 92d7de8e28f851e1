import { Injectable } from '@nestjs/common';
import { AlertSink } from 'posthorn';
import type { Alert } from 'posthorn';
import { Pager } from './company/pager.js';

/** Wakes somebody for what was given up, and for nothing else. */
@Injectable()
export class PagerAlerts extends AlertSink {
  constructor(private readonly pager: Pager) {
    super();
  }

  override async send({ severity, text }: Alert): Promise<void> {
    if (severity === 'error') await this.pager.page(text);
  }
}
