// Serves the page. Public: it holds nothing but itself, and asks the API with the key of whoever signs in.
import { Controller, Get, Inject, Req, Res, UseGuards, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { DashboardHostGuards } from '../platform/access/index.js';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { pathOf } from '../platform/http/index.js';
import type { HttpRequest } from '../platform/http/index.js';
import { readBuiltPage } from './built-page.js';
import type { PageFile } from './built-page.js';
import { pageHeaders } from './page-headers.js';

const ROOT = /\/dashboard$/i;
const BELOW = /\/dashboard\/(.*)$/i;
const YEAR_SECONDS = 31_536_000;

/** A request and an answer, by Express or by Fastify. */
interface Framework {
  readonly raw?: unknown;
  hijack?(): void;
}

@Controller({ path: 'dashboard', version: VERSION_NEUTRAL })
@UseGuards(DashboardHostGuards)
@ApiExcludeController()
export class DashboardController {
  readonly #headers: Record<string, string>;
  #files: Promise<ReadonlyMap<string, PageFile>> | undefined;

  constructor(@Inject(SETTINGS_TOKEN) settings: Settings) {
    this.#headers = pageHeaders(settings.frameAncestors);
  }

  @Get()
  root(@Req() request: HttpRequest, @Res() response: Framework): Promise<void> {
    return this.answer(request, response);
  }

  @Get('*path')
  below(@Req() request: HttpRequest, @Res() response: Framework): Promise<void> {
    return this.answer(request, response);
  }

  private async answer(request: HttpRequest, framework: Framework): Promise<void> {
    framework.hijack?.();
    const response = (framework.raw ?? framework) as ServerResponse<IncomingMessage>;
    const path = pathOf(request);
    // Relative, as everything on the page: a proxy in front may have taken a prefix away.
    if (ROOT.test(path)) return redirect(response, `${path.slice(path.lastIndexOf('/') + 1)}/`);
    const name = BELOW.exec(path)?.[1] || 'index.html';
    const files = await (this.#files ??= readBuiltPage());
    for (const [header, value] of Object.entries(this.#headers)) response.setHeader(header, value);
    // The policy says it, and this header knows neither lists nor origins.
    response.removeHeader('X-Frame-Options');
    const file = files.get(name);
    if (file) return send(file, request, response);
    const sentence = files.size === 0 ? 'The dashboard was not built: run "npm run build".' : 'There is no such file.';
    response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end(sentence);
  }
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(308, { Location: location }).end();
}

function send(file: PageFile, { method, headers }: HttpRequest, response: ServerResponse): void {
  response.setHeader('Cache-Control', file.immutable ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache');
  response.setHeader('ETag', file.etag);
  response.setHeader('Vary', 'Accept-Encoding');
  if (headers['if-none-match'] === file.etag) return void response.writeHead(304).end();
  const zipped = /\bgzip\b/.test(headers['accept-encoding']?.toString() ?? '');
  const body = zipped ? file.gzipped : file.body;
  if (zipped) response.setHeader('Content-Encoding', 'gzip');
  response.writeHead(200, { 'Content-Type': file.type, 'Content-Length': body.length });
  response.end(method === 'HEAD' ? undefined : body);
}
