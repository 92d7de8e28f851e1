// The dashboard as people meet it: the built page, a real server and real deliveries behind it, a real browser before it.
import { afterAll, afterEach, beforeAll, describe, expect } from '@jest/globals';
import type { Provider } from '@nestjs/common';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Locator, Page } from 'playwright-core';
import type { PosthornOptions } from '../../src/platform/config/index.js';
import { chromiumMissing, TestBrowser } from '../setup/browser.js';
import { eventually } from '../setup/eventually.js';
import { ADMIN_KEY } from '../setup/server.js';
import { ensureBuiltOnce } from '../setup/server-process.js';
import { DeliveryScene } from './delivery.harness.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The first test file that needs the page builds it, and with it everything else. */
export const BUILT_WITHIN_MS = 300_000;

/** Playwright takes a part of a name for the whole: `Filter` also finds “Try the filter”, which is there before. */
export const EXACTLY = { exact: true } as const;

/** What has this name for who cannot see it, and nothing that only contains it. */
export const called = (name: string) => ({ name, ...EXACTLY });

/** Opens a part of a form that is closed. */
export const openPart = (page: Page, title: string): Promise<void> =>
  page
    .locator('summary')
    .filter({ has: page.getByText(title, EXACTLY) })
    .click();

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

export class DashboardScene {
  deliveries!: DeliveryScene;
  browser!: TestBrowser;

  /** @param handlers - Of what is received. */
  static async open(options?: PosthornOptions, handlers?: readonly Provider[]): Promise<DashboardScene> {
    const scene = new DashboardScene();
    await scene.start(options, handlers);
    return scene;
  }

  async start(options: PosthornOptions = {}, handlers: readonly Provider[] = []): Promise<void> {
    await ensureBuiltOnce();
    this.deliveries = await DeliveryScene.open(options, handlers);
    this.browser = await TestBrowser.start();
  }

  async close(): Promise<void> {
    await this.browser?.close();
    await this.deliveries?.close();
  }

  get server() {
    return this.deliveries.server;
  }

  get url(): string {
    return `${this.server.url}/dashboard/`;
  }

  /** Once so many attempts of a webhook are in its figures: they are counted a few seconds after they were made. */
  async counted(attempts: number, webhookId: string): Promise<void> {
    const path = `/api/webhooks/${webhookId}/stats`;
    const count = async () =>
      (await this.server.api<{ totals: { attempts: number } }>('GET', path)).body.totals.attempts;
    await eventually(async () => (await count()) === attempts, 'all attempts are counted', { within: 60_000 });
  }

  /** A tab in which nobody is signed in. */
  tab(options?: Parameters<TestBrowser['tab']>[1]): Promise<Page> {
    return this.browser.tab(this.server.url, options);
  }

  /** A tab at a place such as `deliveries?status=failed`, of somebody who signed in with a key. */
  async signedIn(place = '', key = ADMIN_KEY): Promise<Page> {
    return this.signIn(await this.tab(), place, key);
  }

  async signIn(page: Page, place = '', key = ADMIN_KEY): Promise<Page> {
    await page.goto(`${this.url}#/${place}`);
    await page.getByLabel('API key', EXACTLY).fill(key);
    await page.getByRole('button', called('Sign in')).click();
    await page.getByRole('navigation', called('Pages')).waitFor();
    return page;
  }
}

/** The tests of a part of the dashboard, on one scene that is opened for them; skipped, aloud, where there is no Chromium. */
export function describeDashboard(part: string, tests: (scene: DashboardScene) => void): void {
  const missing = chromiumMissing();
  if (missing) console.warn(`Not tested: ${part}. ${missing}.`);
  (missing ? describe.skip : describe)(part, () => {
    const scene = new DashboardScene();
    beforeAll(() => scene.start(), BUILT_WITHIN_MS);
    afterAll(() => scene.close());
    afterEach(async () => {
      await scene.deliveries.closeReceivers();
      // No error on any page, and nothing asked of another host.
      expect(scene.browser.complaints.splice(0)).toEqual([]);
    });
    tests(scene);
  });
}

/** What axe finds wrong with a page as it is now, in both themes. */
export async function accessibilityOf(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const theme of ['light', 'dark']) {
    await page.evaluate(`document.documentElement.dataset.theme = '${theme}'`);
    // Evaluated, not added as a script: the page's policy refuses that one, as it should.
    await page.evaluate(AXE);
    const violations = await page.evaluate<readonly Violation[]>('axe.run().then((found) => found.violations)');
    for (const { id, nodes } of violations)
      found.push(...nodes.map(({ html, failureSummary }) => `${theme} ${id}: ${html} ${failureSummary ?? ''}`));
  }
  return found;
}

/** The cells of a table's rows, as they read. */
export const rowsOf = async (table: Locator): Promise<string[][]> => {
  const rows = await table.locator('tbody tr').all();
  return Promise.all(rows.map((row) => row.locator('td').allInnerTexts()));
};
