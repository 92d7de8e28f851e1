import { describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { sharedLookups } from './shared-lookups.js';

const TIMED_OUT = Object.assign(new Error('getaddrinfo EAI_AGAIN'), { code: 'EAI_AGAIN' });

/** A resolver that answers names when it is told to, and a clock. */
function scene() {
  const asked: string[] = [];
  const open = new Map<string, { resolve: (addresses: string[]) => void; reject: (error: Error) => void }>();
  let now = 0;
  const resolve = sharedLookups(
    (hostname) => {
      asked.push(hostname);
      return new Promise((resolve, reject) => open.set(hostname, { resolve, reject }));
    },
    () => now,
  );
  /** What becomes of one that is asked for: its addresses, or the code of its failure. */
  const request = (hostname: string) => resolve(hostname).catch(({ code }: NodeJS.ErrnoException) => code);
  return {
    asked,
    request,
    answer: (hostname: string, ...addresses: string[]) => open.get(hostname)?.resolve(addresses),
    /** Nobody answers, and getaddrinfo gives up. */
    timeOut: (hostname: string) => {
      now += 10_000;
      open.get(hostname)?.reject(TIMED_OUT);
    },
    fail: (hostname: string, code: string) => open.get(hostname)?.reject(Object.assign(new Error(code), { code })),
    /** Names that are asked for several times, each of which was not answered. */
    async found(...dead: string[]) {
      for (const hostname of dead) {
        const failed = request(hostname);
        this.timeOut(hostname);
        expect(await failed).toBe('EAI_AGAIN');
      }
      asked.splice(0);
    },
  };
}

describe('look-ups', () => {
  it('are one for all who ask for a name meanwhile, and other names are resolved', async () => {
    const { request, asked, answer, timeOut } = scene();
    const requests = Array.from({ length: 64 }, () => request('dead.example'));
    const other = request('well.example');
    answer('well.example', '192.0.2.1');
    expect(await other).toEqual(['192.0.2.1']);
    timeOut('dead.example');
    expect(new Set(await Promise.all(requests))).toEqual(new Set(['EAI_AGAIN']));
    expect(asked).toEqual(['dead.example', 'well.example']);
  });

  it('are made anew for who asks after the answer, so that a name may change', async () => {
    const { request, asked, answer } = scene();
    for (const address of ['192.0.2.1', '192.0.2.2']) {
      const asking = request('moves.example');
      answer('moves.example', address);
      expect(await asking).toEqual([address]);
    }
    expect(asked).toHaveLength(2);
  });

  it('of names that were not answered are made one after the other, and hold up no others', async () => {
    const dead = Array.from({ length: 64 }, (_, n) => `dead${n}.example`);
    const given = scene();
    const { request, asked, answer, timeOut } = given;
    await given.found(...dead);
    const requests = dead.flatMap((hostname) => [request(hostname), request(hostname)]);
    const other = request('well.example');
    answer('well.example', '192.0.2.1');
    expect(await other).toEqual(['192.0.2.1']);
    for (const [n, hostname] of dead.entries()) {
      await setImmediate();
      expect(asked.filter((name) => name !== 'well.example')).toEqual(dead.slice(0, n + 1));
      timeOut(hostname);
    }
    expect(new Set(await Promise.all(requests))).toEqual(new Set(['EAI_AGAIN']));
  });

  it('of a name that is well again wait for no turn, and those of one that does not exist never do', async () => {
    const given = scene();
    const { request, asked, answer, fail } = given;
    await given.found('dead.example', 'mended.example');
    const mended = request('mended.example');
    await setImmediate();
    answer('mended.example', '192.0.2.1');
    expect(await mended).toEqual(['192.0.2.1']);
    const missing = request('missing.example');
    fail('missing.example', 'ENOTFOUND');
    expect(await missing).toBe('ENOTFOUND');
    void request('dead.example');
    void request('mended.example');
    void request('missing.example');
    await setImmediate();
    expect(asked.slice(-3).sort()).toEqual(['dead.example', 'mended.example', 'missing.example']);
  });
});
