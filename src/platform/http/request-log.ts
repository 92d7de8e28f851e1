// One line per request, when it is over. Never headers, bodies or queries: they hold secrets. The path is the route's
// template where one matched, so that lines can be counted by it.
import { Logger } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { monotonicNow } from '../../kernel/clock.js';
import { principalOf } from '../access/index.js';
import { pathOf, requestIdOf } from './exchange.js';

const QUIET_PATH = /^\/(?:health|metrics)(?:\/|$)/;
const MAX_PATH_LENGTH = 200;

/** Gives every request its id and, at its end, its line in the log. */
export function requestLog(): (request: Request, response: Response, next: NextFunction) => void {
  const logger = new Logger('Request');
  return (request, response, next) => {
    const startedAt = monotonicNow();
    response.setHeader('X-Request-Id', requestIdOf(request));
    // `close` comes once, after the answer went out and also when the caller went away before it.
    response.once('close', () => {
      const line = lineOf(request, response, Math.round(monotonicNow() - startedAt));
      if (QUIET_PATH.test(pathOf(request))) logger.debug(line);
      else logger.log(line);
    });
    next();
  };
}

function lineOf(request: Request, response: Response, ms: number): string {
  const route = (request.route as { path?: unknown } | undefined)?.path;
  const path = typeof route === 'string' ? route : pathOf(request).slice(0, MAX_PATH_LENGTH);
  const tenant = principalOf(request)?.tenantId;
  const status = response.writableFinished ? String(response.statusCode) : 'aborted';
  const fields = {
    method: request.method,
    path,
    status,
    ms,
    requestId: requestIdOf(request),
    ...(tenant && { tenant }),
  };
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}
