// A real browser for tests: Debian's Chromium, driven by Playwright. What a page logs as an error, and every request that
// leaves its own origin, is kept: a test ends by seeing that there was none.
import { spawnSync } from 'node:child_process';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const HOW_TO_GET_IT = `${EXECUTABLE} is not there (Debian: apt-get install chromium; elsewhere, name one in CHROMIUM)`;

/** Of a machine that does something else just now, too. */
const WITHIN_MS = 30_000;

/**
 * Why tests that need a browser are skipped; `undefined` where they run.
 *
 * @throws under CI, where a skipped test is a failure
 */
export function chromiumMissing(): string | undefined {
  if (spawnSync(EXECUTABLE, ['--version']).status === 0) return undefined;
  if (process.env.CI === 'true') throw new Error(`${HOW_TO_GET_IT}, and under CI nothing is skipped.`);
  return HOW_TO_GET_IT;
}

export class TestBrowser {
  /** Errors of all pages, and addresses elsewhere that they asked for. */
  readonly complaints: string[] = [];

  private constructor(private readonly browser: Browser) {}

  static async start(): Promise<TestBrowser> {
    const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'];
    return new TestBrowser(await chromium.launch({ executablePath: EXECUTABLE, args, timeout: 240_000 }));
  }

  /** A tab of somebody who was never here. */
  async tab(origin: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context: BrowserContext = await this.browser.newContext({
      viewport: { width: 1280, height: 900 },
      locale: 'en-GB',
      timezoneId: 'UTC',
      // A colour on its way to another is neither of them to who measures contrast.
      reducedMotion: 'reduce',
      ...options,
    });
    context.setDefaultTimeout(WITHIN_MS);
    const page = await context.newPage();
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      // A refused request is an answer that the page explains.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        this.complaints.push(message.text());
    });
    page.on('request', (request) => {
      const { protocol, origin: asked } = new URL(request.url());
      if (protocol.startsWith('http') && asked !== origin) this.complaints.push(`asked ${request.url()}`);
    });
    return page;
  }

  close(): Promise<void> {
    return this.browser.close();
  }
}
