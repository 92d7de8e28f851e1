// Runs the guards, interceptors and exception filters that stand on a handler or its class around it. Those that are global
// in the application stay out unless it wants them: most are written for requests, and a handler has none (docs/adr/0007).
import { ForbiddenException, Inject, Injectable } from '@nestjs/common';
import type { CanActivate, NestInterceptor } from '@nestjs/common';
import {
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
  PIPES_METADATA,
} from '@nestjs/common/internal';
import { ModuleRef, NestContainer } from '@nestjs/core';
import type { ApplicationConfig } from '@nestjs/core';
import { ExternalExceptionFilterContext } from '@nestjs/core/exceptions/external-exception-filter-context.js';
import {
  ExecutionContextHost,
  GuardsConsumer,
  GuardsContextCreator,
  InterceptorsConsumer,
  InterceptorsContextCreator,
} from '@nestjs/core/internal';
import type { InstanceWrapper } from '@nestjs/core/internal';
import { isObservable, lastValueFrom } from 'rxjs';

/** What `ExecutionContext.getType()` says in a handler. */
const CONTEXT_TYPE = 'posthorn';

type Call = (...given: unknown[]) => unknown;

/** A method that carries decorations, which is not called here. */
type Marked = (...given: unknown[]) => void;

/** What Nest looks enhancers up by: instance, method, module, context, and for whom those of transient scope were made. */
type Parts = [object, Marked, string, undefined, string];

/** A handler as Nest knows it. */
export interface Place {
  readonly wrapper: InstanceWrapper;
  readonly instance: object;
  readonly method: string;
}

/** Whether the application's global guards, interceptors and exception filters run for handlers too. */
export const INHERIT_APP_CONFIG = Symbol('posthorn.inherit-app-config');

@Injectable()
export class HandlerEnhancers {
  private readonly container: NestContainer;
  /** Where the global ones are, if they run. */
  private readonly globals: ApplicationConfig | undefined;
  private readonly guards: GuardsContextCreator;
  private readonly interceptors: InterceptorsContextCreator;
  private readonly filters: ExternalExceptionFilterContext;
  private readonly guardsConsumer = new GuardsConsumer();
  private readonly interceptorsConsumer = new InterceptorsConsumer();

  constructor(ref: ModuleRef, @Inject(INHERIT_APP_CONFIG) inherits: boolean) {
    // Nest gives it to nobody, and to this: it is what its own creators are made with.
    this.container = Reflect.get(ref, 'container') as NestContainer;
    this.globals = inherits ? this.container.applicationConfig : undefined;
    this.guards = new GuardsContextCreator(this.container, this.globals);
    this.interceptors = new InterceptorsContextCreator(this.container, this.globals);
    this.filters = new ExternalExceptionFilterContext(this.container, this.globals);
  }

  /**
   * The call with what stands around it; the call itself where nothing does. Everything is looked up now, once.
   *
   * @throws Error when something stands on it that could not be run: it must not be skipped in silence.
   */
  around(place: Place, call: Call): Call {
    const { wrapper, instance, method } = place;
    const marked = Reflect.get(instance, method) as Marked;
    const [guarded, intercepted, filtered] = [GUARDS_METADATA, INTERCEPTORS_METADATA, EXCEPTION_FILTERS_METADATA].map(
      (key) => this.standingOn(place, marked, key),
    );
    if (Reflect.hasMetadata(PIPES_METADATA, marked))
      throw new Error(`${nameOf(place)} handles webhooks, and no pipes run for them: take @UsePipes() off it.`);

    this.refuseScopedGlobals();

    const parts: Parts = [instance, marked, this.moduleKeyOf(wrapper), undefined, wrapper.id];
    const guards: CanActivate[] = guarded || this.globals ? this.guards.create(...parts) : [];
    const interceptors = intercepted || this.globals ? this.interceptors.create(...parts) : [];
    const run =
      guards.length + interceptors.length > 0 ? this.guardedBy(guards, interceptors, place, marked, call) : call;
    return filtered || this.globals ? this.filteredBy(parts, run) : run;
  }

  private guardedBy(
    guards: CanActivate[],
    interceptors: NestInterceptor[],
    place: Place,
    marked: Marked,
    call: Call,
  ): Call {
    const { instance } = place;
    return async (...given) => {
      if (!(await this.guardsConsumer.tryActivate(guards, given, instance, marked, CONTEXT_TYPE)))
        throw new ForbiddenException(`A guard refused ${nameOf(place)}.`);
      const next = async (): Promise<unknown> => await call(...given);
      const result = await this.interceptorsConsumer.intercept(
        interceptors,
        given,
        instance,
        marked,
        next,
        CONTEXT_TYPE,
      );
      return isObservable(result) ? lastValueFrom(result, { defaultValue: undefined }) : result;
    };
  }

  /** A filter may put another error in the place of one, never a success: most only log, and the event would be lost. */
  private filteredBy(parts: Parts, run: Call): Call {
    const filters = this.filters.create(...parts);
    return async (...given) => {
      try {
        return await run(...given);
      } catch (error) {
        const host = new ExecutionContextHost(given);
        host.setType(CONTEXT_TYPE);
        await filters.invokeCustomFilters(error, host);
        throw error;
      }
    };
  }

  /** Whether there are any of a kind. Nest leaves out classes that it did not make, as those on what a factory gave. */
  private standingOn(place: Place, marked: Marked, key: string): boolean {
    const onClass = (Reflect.getMetadata(key, place.instance.constructor) ?? []) as readonly unknown[];
    const onMethod = (Reflect.getMetadata(key, marked) ?? []) as readonly unknown[];
    const unknown = [...onClass, ...onMethod].find(
      (one) => typeof one === 'function' && !place.wrapper.host?.injectables.has(one),
    ) as { name: string } | undefined;
    if (unknown)
      throw new Error(
        `${nameOf(place)} handles webhooks, and ${unknown.name} on it would not run: provide ${place.instance.constructor.name} as a class, not by a factory or a value.`,
      );
    return onClass.length + onMethod.length > 0;
  }

  /** Nest makes those for each request; for a handler there would be an object without its constructor run. */
  private refuseScopedGlobals(): void {
    const { globals } = this;
    const scoped = [
      ...(globals?.getGlobalRequestGuards() ?? []),
      ...(globals?.getGlobalRequestInterceptors() ?? []),
      ...(globals?.getGlobalRequestFilters() ?? []),
    ];
    if (scoped[0])
      throw new Error(`${scoped[0].metatype?.name} is made for each request, so handlers cannot inherit it.`);
  }

  private moduleKeyOf({ host }: InstanceWrapper): string {
    return [...this.container.getModules()].find(([, module]) => module === host)?.[0] ?? '';
  }
}

const nameOf = ({ instance, method }: Place): string => `${instance.constructor.name}.${method}`;
