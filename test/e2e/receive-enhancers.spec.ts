// What Nest's guards, interceptors and exception filters do on handlers: those that stand on one run around each of its
// runs; those that are global in the application do where it wants them to.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Catch, Controller, Injectable, UseFilters, UseGuards, UseInterceptors } from '@nestjs/common';
import type {
  ArgumentsHost,
  CallHandler,
  CanActivate,
  ExceptionFilter,
  ExecutionContext,
  NestInterceptor,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { catchError, concatMap, of } from 'rxjs';
import type { Observable } from 'rxjs';
import type { EntityManager } from 'typeorm';
import { OnWebhook } from '../../src/inbound/index.js';
import type { ReceivedEvent } from '../../src/inbound/index.js';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { Behaviour, fail, sendStripe, startShop } from './receive.harness.js';
import type { Shop } from './receive.harness.js';
import { addSource, Rows } from './received-rows.harness.js';
import { answerOf, EXACT, stripeEvent } from './sender.harness.js';

const eventOf = (context: ArgumentsHost): ReceivedEvent => context.getArgByIndex<ReceivedEvent>(0);
const placeOf = (context: ExecutionContext): string => `${context.getClass().name}.${context.getHandler().name}`;

/** Refuses while the plan says so. */
@Injectable()
class Doorkeeper implements CanActivate {
  constructor(private readonly behaviour: Behaviour) {}

  canActivate(context: ExecutionContext): boolean {
    const place = `guard of ${placeOf(context)} in ${context.getType<string>()}`;
    return this.behaviour.act(place, eventOf(context)) !== 'refuse';
  }
}

@Injectable()
class Around implements NestInterceptor {
  constructor(private readonly behaviour: Behaviour) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType<string>() !== 'posthorn') return next.handle();
    const place = placeOf(context);
    this.behaviour.act(`before ${place}`, eventOf(context));
    return next.handle().pipe(
      catchError((error: Error) => of(error)),
      concatMap((result) => {
        if (result instanceof Error && result.message !== 'nothing to do') throw result;
        return of(this.behaviour.act(`after ${place}`, eventOf(context)));
      }),
    );
  }
}

class Unknown extends Error {}

/** Puts another error in the place of one it knows, and takes all others without a word. */
@Catch()
class Translator implements ExceptionFilter {
  constructor(private readonly behaviour: Behaviour) {}

  catch(error: Error, host: ArgumentsHost): string {
    this.behaviour.act(`filter in ${host.getType<string>()}`, eventOf(host));
    if (error instanceof Unknown) throw new Error('This customer is not ours.');
    return 'all is well';
  }
}

@Injectable()
@UseGuards(Doorkeeper)
@UseFilters(Translator)
class Books {
  constructor(private readonly behaviour: Behaviour) {}

  @OnWebhook('stripe', 'invoice.paid')
  @UseInterceptors(Around)
  async book(event: ReceivedEvent): Promise<void> {
    await this.behaviour.act('book', event);
  }

  @OnWebhook('stripe', 'ledger.*', { transactional: true, serialBy: ({ data }) => (data as { id: string }).id })
  @UseInterceptors(Around)
  async enter(event: ReceivedEvent<{ id: string }>, manager: EntityManager): Promise<void> {
    await manager.query('INSERT INTO public.entry (external_id) VALUES ($1)', [event.data.id]);
    await this.behaviour.act('enter', event);
  }
}

/** Nothing stands on it. */
@Injectable()
class Plain {
  constructor(private readonly behaviour: Behaviour) {}

  @OnWebhook('stripe', 'plain.*')
  async take(event: ReceivedEvent): Promise<void> {
    await this.behaviour.act('plain', event);
  }
}

@Controller('desk')
@UseGuards(Doorkeeper)
class Desk {
  constructor(private readonly behaviour: Behaviour) {}

  @OnWebhook('queued', 'desk.*')
  async take(event: ReceivedEvent): Promise<void> {
    await this.behaviour.act('take', event);
  }
}

/** What an application has for its own routes. */
class ForRequests implements CanActivate, NestInterceptor {
  canActivate(context: ExecutionContext): boolean {
    return context.getType() === 'http';
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') throw new Error('This is for requests.');
    return next.handle();
  }
}

let shop: Shop;
let rows: Rows;

beforeAll(async () => {
  const { url } = await cloneDatabase();
  rows = new Rows(url);
  await rows.query('CREATE TABLE public.entry (external_id text)');
  shop = await startShop(url, {
    providers: [Books],
    controllers: [Desk],
    prepare: (app) => {
      app.useGlobalGuards(new ForRequests());
      app.useGlobalInterceptors(new ForRequests());
    },
  });
  await addSource(rows, { name: 'queued', processing: 'queued' });
});
afterAll(async () => {
  await shop?.app.close();
  await rows?.end();
});

const entries = (id: string) => rows.query('SELECT 1 FROM public.entry WHERE external_id = $1', [id]);
const lastError = async (id: string): Promise<string | null | undefined> => (await rows.runs(id)).at(-1)?.error;

describe('on a handler', () => {
  it('guards and interceptors run around each run, and know what it is', async () => {
    const { id, body } = stripeEvent('invoice.paid');
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.processed);
    expect(shop.behaviour.runsOf(id)).toEqual([
      'guard of Books.book in posthorn',
      'before Books.book',
      'book',
      'after Books.book',
    ]);
  });

  it('a guard that refuses fails the run, which is tried again like any other', async () => {
    const { id, body } = stripeEvent('invoice.paid');
    shop.behaviour.plan('guard of Books.book in posthorn', () => 'refuse');
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.failed);
    expect(await rows.runs(id)).toMatchObject([{ status: 'failed', error: 'A guard refused Books.book.' }]);
    expect((await rows.runs(id))[0]?.due_in).toBeGreaterThan(0);
    expect(shop.behaviour.runsOf(id)).not.toContain('book');
    shop.behaviour.plan('guard of Books.book in posthorn', () => true);
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.processed);
    expect(shop.behaviour.runsOf(id).filter((one) => one === 'book')).toHaveLength(1);
  });

  it('an interceptor may take an error for a success, and fail what succeeded', async () => {
    const taken = stripeEvent('invoice.paid');
    shop.behaviour.plan('book', () => {
      throw new Error('nothing to do');
    });
    expect(answerOf(await sendStripe(shop, taken.body))).toEqual(EXACT.processed);
    shop.behaviour.plan('book', () => undefined);
    shop.behaviour.plan('after Books.book', fail);
    const failed = stripeEvent('invoice.paid');
    expect(answerOf(await sendStripe(shop, failed.body))).toEqual(EXACT.failed);
    shop.behaviour.plan('after Books.book', () => undefined);
  });

  it('a filter sees the error and may throw another, but makes no success of it', async () => {
    const known = stripeEvent('invoice.paid');
    shop.behaviour.plan('book', () => {
      throw new Unknown('no row');
    });
    expect(answerOf(await sendStripe(shop, known.body))).toEqual(EXACT.failed);
    expect(await lastError(known.id)).toBe('This customer is not ours.');
    shop.behaviour.plan('book', fail);
    const other = stripeEvent('invoice.paid');
    expect(answerOf(await sendStripe(shop, other.body))).toEqual(EXACT.failed);
    expect(await lastError(other.id)).toBe('the books are closed');
    expect(shop.behaviour.runsOf(other.id)).toContain('filter in posthorn');
    shop.behaviour.plan('book', () => undefined);
  });

  it('they run in its transaction and its lane: what an interceptor fails is undone', async () => {
    const { id, body } = stripeEvent('ledger.entry');
    shop.behaviour.plan('after Books.enter', fail);
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.failed);
    expect(await entries(id)).toEqual([]);
    shop.behaviour.plan('after Books.enter', () => undefined);
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.processed);
    expect(await entries(id)).toHaveLength(1);
  });

  it('those of a controller run for its handlers too, whoever wakes them', async () => {
    const { id, body } = stripeEvent('desk.visit');
    expect(answerOf(await sendStripe(shop, body, '/webhooks/queued'))).toEqual(EXACT.accepted);
    await eventually(async () => (await rows.event(id))?.status === 'processed', 'the event is processed');
    // The other handler of this source has none, and those of the application stay out of both.
    expect(shop.behaviour.runsOf(id)).toEqual(expect.arrayContaining(['later', 'take']));
    const ofDesk = shop.behaviour.runsOf(id).filter((one) => one !== 'later');
    expect(ofDesk).toEqual(['guard of Desk.take in posthorn', 'take']);
  });
});

describe('global in an application that wants them on its handlers', () => {
  let inheriting: Shop;
  let theirs: Rows;

  beforeAll(async () => {
    const { url } = await cloneDatabase();
    theirs = new Rows(url);
    inheriting = await startShop(url, {
      inheritAppConfig: true,
      providers: [
        Plain,
        { provide: APP_GUARD, useClass: Doorkeeper },
        { provide: APP_FILTER, useClass: Translator },
        { provide: APP_INTERCEPTOR, useClass: Around },
      ],
      prepare: (app) =>
        app.useGlobalGuards({
          canActivate: (context) =>
            Boolean(inheriting.behaviour.act(`second in ${context.getType<string>()}`, eventOf(context)) ?? true),
        }),
    });
  });
  afterAll(async () => {
    await inheriting?.app.close();
    await theirs?.end();
  });

  it('guards and interceptors run around each run, those of modules and those set from outside', async () => {
    const { id, body } = stripeEvent('plain.thing');
    expect(answerOf(await sendStripe(inheriting, body))).toEqual(EXACT.processed);
    expect(inheriting.behaviour.runsOf(id).sort()).toEqual(
      [
        'guard of Plain.take in posthorn',
        'second in posthorn',
        'before Plain.take',
        'plain',
        'after Plain.take',
      ].sort(),
    );
  });

  it('a guard refuses, and a filter translates', async () => {
    const { id, body } = stripeEvent('plain.thing');
    inheriting.behaviour.plan('second in posthorn', () => false);
    expect(answerOf(await sendStripe(inheriting, body))).toEqual(EXACT.failed);
    expect((await theirs.runs(id))[0]?.error).toBe('A guard refused Plain.take.');
    inheriting.behaviour.plan('second in posthorn', () => true);
    inheriting.behaviour.plan('plain', () => {
      throw new Unknown('no row');
    });
    expect(answerOf(await sendStripe(inheriting, body))).toEqual(EXACT.failed);
    expect((await theirs.runs(id))[0]?.error).toBe('This customer is not ours.');
  });
});
