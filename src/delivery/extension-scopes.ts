// Refuses to start with an extension that Nest makes anew per request: whatever injects it would be made per request too,
// and nothing would ever be delivered, without a word.
import { Injectable, Scope } from '@nestjs/common';
import type { OnModuleInit, Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { SINKS_TOKEN } from './alerts/alert-providers.js';
import { HOOKS_TOKEN } from './operational/operational-hooks.js';
import { PayloadTransformer } from '../registry/index.js';
import { RequestSigner } from './signing/request-signer.js';
import { RetryPolicy } from './retry/retry-policy.js';
import { Transport } from './transport/transport.js';

@Injectable()
export class ExtensionScopes implements OnModuleInit {
  constructor(private readonly module: ModuleRef) {}

  onModuleInit(): void {
    for (const [what, token] of [
      ['retryPolicy', RetryPolicy],
      ['requestSigner', RequestSigner],
      ['transport', Transport],
      ['payloadTransformer', PayloadTransformer],
      ['operationalHooks', HOOKS_TOKEN],
      ['alertSinks', SINKS_TOKEN],
    ] as const) {
      if (this.module.introspect(token as Type).scope !== Scope.DEFAULT)
        throw new Error(
          `${what}: it, and all that it injects, must be singletons: drop their request or transient scope.`,
        );
    }
  }
}
