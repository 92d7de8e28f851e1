import { describe, expect, it } from '@jest/globals';
import { BadRequestException, ForbiddenException, HttpException, InternalServerErrorException } from '@nestjs/common';
import { ConflictError, InvalidError, NotFoundError, PosthornError } from '../../kernel/errors.js';
import { refusalOf } from './refusal.js';

const withFacts = (message: string, facts: object): Error => Object.assign(new Error(message), facts);

describe('what an error becomes', () => {
  it.each([
    [new InvalidError('bad_thing', 'It is bad.', ['very']), 400, 'bad_thing'],
    [new PosthornError('unauthenticated', 'unauthenticated', 'Who?'), 401, 'unauthenticated'],
    [new NotFoundError('received event'), 404, 'received_event_not_found'],
    [new PosthornError('method_not_allowed', 'method_not_allowed', 'No.'), 405, 'method_not_allowed'],
    [new ConflictError('taken', 'It is taken.'), 409, 'taken'],
    [new PosthornError('too_large', 'payload_too_large', 'Big.'), 413, 'payload_too_large'],
    [new PosthornError('unsupported_media_type', 'unsupported_media_type', 'What?'), 415, 'unsupported_media_type'],
    [new PosthornError('unprocessable', 'schema_mismatch', 'No.'), 422, 'schema_mismatch'],
    [new ForbiddenException(), 403, 'forbidden'],
    [new HttpException('teapot', 418), 418, 'http_418'],
  ])('%s is its status and code', (error, status, code) => {
    expect(refusalOf(error)).toMatchObject({ status, code, error: error.message });
  });

  it('keeps the details of a refusal', () => {
    expect(refusalOf(new InvalidError('x', 'y', ['a', 'b'])).details).toEqual(['a', 'b']);
    expect(refusalOf(new BadRequestException(['a', 'b'])).details).toEqual(['a', 'b']);
  });

  it('says when to come again where that helps', () => {
    expect(refusalOf(new PosthornError('rate_limited', 'rate_limited', 'Slow.'))).toMatchObject({
      retryAfterSeconds: 1,
    });
    expect(refusalOf(new PosthornError('unavailable', 'busy', 'Later.'))).toMatchObject({ retryAfterSeconds: 5 });
    const own = Object.assign(new PosthornError('conflict', 'in_progress', 'Wait.'), { retryAfterSeconds: 7 });
    expect(refusalOf(own)).toMatchObject({ status: 409, retryAfterSeconds: 7 });
  });

  it.each([
    withFacts('terminating connection', { name: 'QueryFailedError', driverError: { code: '57P01' } }),
    withFacts('connect ECONNREFUSED', { code: 'ECONNREFUSED', syscall: 'connect' }),
    withFacts('connect ENOENT /run/.s.PGSQL.5432', { code: 'ENOENT', syscall: 'connect' }),
    withFacts('the database system is starting up', { code: '57P03' }),
    withFacts('sorry, too many clients already', { code: '53300' }),
    withFacts('connection failure', { code: '08006' }),
    new Error('timeout exceeded when trying to connect'),
    new Error('Connection terminated unexpectedly'),
    withFacts('released', { name: 'QueryRunnerProviderAlreadyReleasedError' }),
    new Error('wrapped', { cause: withFacts('x', { code: 'ECONNRESET' }) }),
  ])('an absent database is 503: %s', (error) => {
    expect(refusalOf(error)).toMatchObject({ status: 503, code: 'unavailable', retryAfterSeconds: 5 });
  });

  it('a statement that was stopped, by its time or by somebody, was too slow: the database is there', () => {
    const stopped = withFacts('canceling statement', { name: 'QueryFailedError', driverError: { code: '57014' } });
    expect(refusalOf(stopped)).toMatchObject({ status: 503, code: 'too_slow', retryAfterSeconds: 5 });
  });

  it.each(['22021', '22P02', '22P05', '22003', '54000', '54001', '2201W'])(
    'a value that PostgreSQL refuses with %s is the caller’s',
    (code) => expect(refusalOf(withFacts('no', { driverError: { code } }))).toMatchObject({ status: 400 }),
  );

  it.each([
    new Error('password=hunter2'),
    'a thrown text',
    undefined,
    null,
    withFacts('unique', { code: '23505' }),
    withFacts('protocol', { code: '08P01' }),
    withFacts('no such file /etc/x', { code: 'ENOENT', syscall: 'open' }),
    new InternalServerErrorException('password=hunter2'),
  ])('anything else is 500, and tells nothing: %s', (error) => {
    expect(refusalOf(error)).toEqual({
      status: 500,
      code: 'internal',
      error: 'Something went wrong on our side.',
      unexpected: true,
    });
  });

  it('knows what a body parser refused, wrapped by Nest or bare', () => {
    const broken = withFacts('Unexpected token', { type: 'entity.parse.failed', status: 400 });
    expect(refusalOf(broken)).toMatchObject({ status: 400, code: 'malformed_json' });
    expect(refusalOf(new BadRequestException('Unexpected token', { cause: broken }))).toMatchObject({
      code: 'malformed_json',
      error: 'The body is not valid JSON.',
    });
    expect(refusalOf(withFacts('x', { type: 'constructor' }))).toMatchObject({ status: 500 });
  });
});
