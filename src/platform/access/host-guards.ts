// The guards that an application puts before some of our routes: before our own, so that they see every request, and on our
// controllers alone. Which routes a guard stands before is part of its class: Nest makes guards by class, for each application.
import { Inject, Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext, Provider, Type } from '@nestjs/common';
import { isObservable, lastValueFrom } from 'rxjs';
import { extensionProvider } from '../extension.js';
import type { Extension } from '../extension.js';

/** Guards of yours on routes of ours. They run after your global ones and before ours, in their order; a `false` is a 403. */
export interface RouteGuards {
  /** Before `/api`. @defaultValue none */
  readonly api?: readonly Extension<CanActivate>[];
  /** Before `/webhooks`, with the body read and nothing verified yet. @defaultValue none */
  readonly receiving?: readonly Extension<CanActivate>[];
  /** Before `/dashboard`. @defaultValue none */
  readonly dashboard?: readonly Extension<CanActivate>[];
}

const tokens: Record<keyof RouteGuards, symbol> = {
  api: Symbol('posthorn.guards.api'),
  receiving: Symbol('posthorn.guards.receiving'),
  dashboard: Symbol('posthorn.guards.dashboard'),
};

function guardsOf(routes: keyof RouteGuards): Type<CanActivate> {
  @Injectable()
  class HostGuards implements CanActivate {
    constructor(@Inject(tokens[routes]) private readonly guards: readonly CanActivate[]) {}

    async canActivate(context: ExecutionContext): Promise<boolean> {
      for (const guard of this.guards) {
        const verdict = guard.canActivate(context);
        if (!(await (isObservable(verdict) ? lastValueFrom(verdict) : verdict))) return false;
      }
      return true;
    }
  }
  return HostGuards;
}

export const ApiHostGuards = guardsOf('api');
export const ReceivingHostGuards = guardsOf('receiving');
export const DashboardHostGuards = guardsOf('dashboard');

/** What {@link hostGuardProviders} provides: for whichever module has the controllers. */
export const HOST_GUARD_TOKENS: readonly symbol[] = Object.values(tokens);

/** The providers of an application's guards: three lists, any of them empty. */
export function hostGuardProviders(guards: RouteGuards): Provider[] {
  return (Object.keys(tokens) as (keyof RouteGuards)[]).flatMap((routes) => {
    const list = guards[routes] ?? [];
    const each = list.map((_, place) => Symbol(`posthorn.guards.${routes}.${place}`));
    return [
      ...list.map((guard, place) => extensionProvider(each[place] as symbol, guard)),
      { provide: tokens[routes], inject: each, useFactory: (...made: CanActivate[]) => made },
    ];
  });
}
