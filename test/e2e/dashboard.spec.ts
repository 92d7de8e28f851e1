// The page itself: how it is served, who gets in, and what stays true on every page of it.
import { describe, expect, it } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer, request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { eventually } from '../setup/eventually.js';
import { ADMIN_KEY, startTestServer } from '../setup/server.js';
import { accessibilityOf, called, describeDashboard, EXACTLY } from './dashboard.harness.js';

const MOST_BYTES = 150_000;
const BUILT = path.resolve(import.meta.dirname, '..', '..', 'dist', 'dashboard', 'page');

describeDashboard('the dashboard', (scene) => {
  const apiKey = async (scopes: readonly string[], tenant = 'default') => {
    const { body } = await scene.server.api<{ id: string; key: string }>(
      'POST',
      '/api/api-keys',
      { name: 'of a test', scopes },
      { tenant },
    );
    return body;
  };

  describe('is served', () => {
    const get = (place: string, headers: Record<string, string> = {}) =>
      fetch(scene.server.url + place, { headers, redirect: 'manual' });

    it('with files that stay the same for ever, and a first one that is asked for anew', async () => {
      const first = await get('/dashboard/');
      expect(first.status).toBe(200);
      expect(Object.fromEntries(first.headers)).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-cache',
        'x-content-type-options': 'nosniff',
      });
      const html = await first.text();
      const [, script = ''] = /src="\.\/(assets\/[^"]+\.js)"/.exec(html) ?? [];
      const asset = await get(`/dashboard/${script}`);
      expect(Object.fromEntries(asset.headers)).toMatchObject({
        'content-type': 'text/javascript; charset=utf-8',
        'cache-control': 'public, max-age=31536000, immutable',
        'content-encoding': 'gzip',
      });
      const again = await get('/dashboard/', { 'if-none-match': first.headers.get('etag') ?? '' });
      expect(again.status).toBe(304);
    });

    it('under a policy that runs no script of the document, and that nobody may frame', async () => {
      const { headers } = await get('/dashboard/');
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self';");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
    });

    it('in a frame of whom FRAME_ANCESTORS names', async () => {
      const framed = await startTestServer({ frameAncestors: ['self', 'https://app.example.com'] });
      try {
        const { headers } = await fetch(`${framed.url}/dashboard/`);
        expect(headers.get('content-security-policy')).toContain("frame-ancestors 'self' https://app.example.com");
        expect(headers.get('x-frame-options')).toBeNull();
      } finally {
        await framed.close();
      }
    });

    it('at its own address, and nothing else beside it', async () => {
      const bare = await get('/dashboard');
      expect({ status: bare.status, location: bare.headers.get('location') }).toEqual({
        status: 308,
        location: 'dashboard/',
      });
      for (const place of ['/dashboard/nothing.js', '/dashboard/../main.js', '/dashboard/assets/..%2f..%2fmain.js'])
        expect((await get(place)).status).toBe(404);
    });

    it(`in less than ${MOST_BYTES / 1_000} kB, all of it`, () => {
      const files = readdirSync(BUILT, { recursive: true, withFileTypes: true, encoding: 'utf8' })
        .filter((entry) => entry.isFile() && !entry.name.endsWith('.txt'))
        .map((entry) => gzipSync(readFileSync(path.join(entry.parentPath, entry.name))).length);
      expect(files.length).toBeGreaterThan(3);
      expect(files.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(MOST_BYTES);
    });
  });

  describe('lets in', () => {
    it('whoever has a key, keeps it out of every address, and forgets it on signing out', async () => {
      const page = await scene.tab();
      const addresses: string[] = [];
      page.on('request', (request) => addresses.push(request.url()));
      await page.goto(scene.url);
      await page.getByLabel('API key', EXACTLY).fill('not-a-key-of-this-server');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').getByText('This key is not valid').waitFor();
      await page.getByLabel('API key', EXACTLY).fill(ADMIN_KEY);
      await page.keyboard.press('Enter');
      await page.getByRole('navigation', called('Pages')).waitFor();
      await page.reload();
      await page.getByRole('navigation', called('Pages')).waitFor();
      expect([...addresses, page.url()].filter((address) => address.includes(ADMIN_KEY))).toEqual([]);
      await page.getByRole('button', called('Sign out')).click();
      await page.getByLabel('API key', EXACTLY).waitFor();
      await page.reload();
      await page.getByLabel('API key', EXACTLY).waitFor();
      expect(await page.evaluate('JSON.stringify([sessionStorage, localStorage])')).not.toContain(ADMIN_KEY);
    });

    it('by a link, whose token is taken once and leaves the address, to what the link opens', async () => {
      const asked = { sections: ['deliveries'], theme: { mode: 'dark', accent: '#0b6e4f' } };
      const { body } = await scene.server.api<{ url: string }>('POST', '/api/portal-sessions', asked);
      const [, fragment = ''] = body.url.split('#');
      const page = await scene.tab();
      await page.goto(`${scene.url}#${fragment}`);
      const pages = page.getByRole('navigation', called('Pages'));
      await pages.waitFor();
      expect(await pages.getByRole('link').allInnerTexts()).toEqual(['Deliveries']);
      await page.waitForURL((url) => !url.href.includes('token'));
      expect(await page.evaluate('history.length')).toBeLessThanOrEqual(2);
      expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark');
      expect(await page.getByLabel('Tenant', EXACTLY).count()).toBe(0);
    });

    it('nobody whose key was revoked in the meantime, and says so', async () => {
      const { id, key } = await apiKey(['deliveries:read', 'webhooks:read']);
      const page = await scene.signedIn('', key);
      await scene.server.api('DELETE', `/api/api-keys/${id}`);
      // Replicas remember a key for up to a second.
      await eventually(async () => {
        await page.reload();
        await page.locator('main').waitFor();
        return page.getByText('This key is not valid').isVisible();
      }, 'the page says that the key is not valid');
    });

    it('the administrator for any tenant', async () => {
      await scene.server.api('POST', '/api/tenants', { id: 'acme', name: 'Acme' });
      const page = await scene.signedIn();
      await page.getByLabel('Tenant', EXACTLY).selectOption('acme');
      const asked = page.waitForRequest((request) => request.headers()['x-tenant'] === 'acme');
      await page.reload();
      await asked;
      expect(await page.getByLabel('Tenant', EXACTLY).inputValue()).toBe('acme');
    });
  });

  it('loads within its size, and tells what the first load and going to a page took', async () => {
    const page = await scene.tab();
    await page.goto(`${scene.url}#token=${ADMIN_KEY}`);
    await page.getByText('Success rate', EXACTLY).waitFor();
    const [bytes = 0, paintMs = 0, shownMs = 0] = await page.evaluate<number[]>(`[
      [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .filter(({ name }) => !name.includes('/api/')).reduce((sum, { transferSize }) => sum + transferSize, 0),
      performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
      performance.now()]`);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(MOST_BYTES);
    const took: string[] = [];
    for (const [title, seen] of [
      ['Deliveries', page.getByRole('search', called('Filter deliveries'))],
      ['Webhooks', page.getByRole('heading', called('Webhooks'))],
      ['Settings', page.getByRole('heading', called('API keys'))],
      ['Overview', page.getByText('Success rate', EXACTLY)],
    ] as const) {
      const startedAt = performance.now();
      await page.getByRole('navigation', called('Pages')).getByRole('link', called(title)).click();
      await seen.waitFor();
      took.push(`${title} ${Math.round(performance.now() - startedAt)} ms`);
    }
    const ms = (value: number): string => `${Math.round(value)} ms`;
    process.stdout.write(
      `The dashboard: ${Math.round(bytes / 1_000)} kB, first paint ${ms(paintMs)}, numbers shown ${ms(shownMs)}; ${took.join(', ')}\n`,
    );
  });

  it('works behind a proxy that takes a prefix away', async () => {
    const { port } = new URL(scene.server.url);
    const proxy = createServer((incoming, outgoing) => {
      const path = incoming.url?.replace(/^\/tools\/hooks(?=\/)/, '');
      if (path === incoming.url) return void outgoing.writeHead(404).end();
      const { method, headers } = incoming;
      const request = ask({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      incoming.pipe(request);
    }).listen(0, '127.0.0.1');
    try {
      await new Promise((resolve) => proxy.once('listening', resolve));
      const origin = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      const page = await scene.browser.tab(origin);
      await page.goto(`${origin}/tools/hooks/dashboard`);
      await page.getByLabel('API key', EXACTLY).fill(ADMIN_KEY);
      await page.keyboard.press('Enter');
      await page.getByRole('navigation', called('Pages')).waitFor();
      await page.waitForURL((url) => url.pathname === '/tools/hooks/dashboard/');
      await page.context().close();
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  });

  it('is light or dark as the system is, until somebody chooses', async () => {
    const page = await scene.tab({ colorScheme: 'dark' });
    const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    await page.goto(scene.url);
    await page.getByLabel('API key', EXACTLY).fill(ADMIN_KEY);
    await page.keyboard.press('Enter');
    const dark = await ground();
    await page.getByRole('button', called('Use the light theme')).click();
    expect(await ground()).not.toBe(dark);
    await page.reload();
    await page.getByRole('button', called('Use the dark theme')).click();
    expect(await ground()).toBe(dark);
  });

  it('can be used by everybody: signing in', async () => {
    const page = await scene.tab();
    await page.goto(scene.url);
    await page.getByLabel('API key', EXACTLY).waitFor();
    expect(await accessibilityOf(page)).toEqual([]);
  });
});
