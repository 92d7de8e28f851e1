// What the server adds around the modules. A host that imports the modules does none of this: it has its own.
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import { InvalidError } from '../../kernel/errors.js';
import type { Settings } from '../config/index.js';
import { pathOf } from './exchange.js';
import { requestLog } from './request-log.js';
import { RouteTable } from './route-table.js';
import type { RoutedApp } from './route-table.js';
import { ServerExceptionFilter } from './server.filter.js';

const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 60_000;
/** Longer than the minute that balancers keep idle connections: whoever closes first must not be the side that answers. */
const KEEP_ALIVE_MS = 75_000;
const MAX_URL_LENGTH = 8_192;
const API_PATH = /^\/api(?:\/|$)/i;

type Middleware = (request: Request, response: Response, next: NextFunction) => void;

/**
 * Prepares an application created with `{ bodyParser: false }`, before it is initialised: request ids and log, security
 * headers, limits, and our error shape for everything, unknown paths included.
 *
 * It adds no body parser. API bodies are read behind the guard, and `/webhooks/…` must keep the bytes that were signed.
 */
export function configureHttp(app: NestExpressApplication, settings: Settings): void {
  const express = app.getHttpAdapter().getInstance() as unknown as RoutedApp;
  const routes = new RouteTable(express);
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('query parser', 'simple');
  // One proxy: more would have the sender write the addresses that come before it.
  app.set('trust proxy', settings.trustProxy ? 1 : false);
  app.use(requestLog(), securityHeaders, urlLimits, optionsAnswer(routes));
  app.useGlobalFilters(new ServerExceptionFilter(routes));
  const server = app.getHttpServer();
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  // Over the whole request: a body that trickles in is cut off with 408.
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
}

const securityHeaders: Middleware = (request, response, next) => {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('X-Frame-Options', 'DENY');
  response.setHeader('Referrer-Policy', 'no-referrer');
  if (API_PATH.test(pathOf(request))) response.setHeader('Cache-Control', 'no-store');
  next();
};

/** Refuses URLs that Express, Nest and PostgreSQL would each stumble over in their own way. */
const urlLimits: Middleware = (request, _response, next) => {
  const malformed = (sentence: string): void => next(new InvalidError('malformed_url', sentence));
  if (request.url.length > MAX_URL_LENGTH) return malformed(`The URL may have at most ${MAX_URL_LENGTH} characters.`);
  const path = pathOf(request);
  // Elsewhere the query is the sender's own business.
  const text = API_PATH.test(path) ? request.url : path;
  if (!text.includes('%')) return next();
  try {
    if (decodeURIComponent(text).includes('\0')) return malformed('The URL must not contain NUL.');
  } catch {
    return malformed('The URL is not valid percent-encoded UTF-8.');
  }
  next();
};

const optionsAnswer =
  (routes: RouteTable): Middleware =>
  (request, response, next) => {
    if (request.method !== 'OPTIONS') return next();
    const allowed = routes.methodsOf(pathOf(request));
    if (allowed.length === 0) return next();
    response.setHeader('Allow', allowed.join(', '));
    response.status(204).end();
  };
