// What the signature must be over: every byte of the body, the URL where the sender signs it, and the time.
import assert from 'node:assert/strict';
import type { SourceOptions, Verdict } from '../../inbound/index.js';
import { NOW_MS } from './bench.js';
import type { Bench, ContractCase } from './bench.js';

/** Any one byte that differs. */
export function byteCases(bench: Bench): ContractCase[] {
  return [
    {
      name: 'refuses a body in which any one byte differs',
      run: async () => {
        const request = await bench.signed();
        for (let at = 0; at < request.body.length; at++) {
          const changed = Buffer.from(request.body);
          changed[at] = (changed[at] as number) ^ 1;
          bench.refuses(bench.verify({ ...request, body: changed }));
        }
      },
    },
    {
      name: 'refuses a body with something before it or after it',
      run: async () => {
        const request = await bench.signed();
        for (const body of [
          Buffer.concat([request.body, Buffer.from('\n')]),
          Buffer.concat([Buffer.from('\uFEFF'), request.body]),
          request.body.subarray(1),
          request.body.subarray(0, -1),
        ])
          bench.refuses(bench.verify({ ...request, body }));
      },
    },
  ];
}

/** The same meaning in other bytes. */
export function sameJsonCases(bench: Bench): ContractCase[] {
  return [
    {
      name: 'refuses the same JSON in other bytes',
      run: async () => {
        const request = await bench.signed();
        const parsed: unknown = JSON.parse(request.body.toString());
        for (const body of [
          Buffer.from(JSON.stringify(parsed, null, 2)),
          Buffer.from(JSON.stringify(parsed).replaceAll('ż', '\\u017c')),
          Buffer.from(request.body.toString(), 'latin1'),
          Buffer.from(request.body.toString(), 'utf16le'),
        ])
          bench.refuses(bench.verify({ ...request, body }));
      },
    },
  ];
}

/** Bytes that are no text, and none at all. */
export function anyByteCases(bench: Bench): ContractCase[] {
  return [
    {
      name: 'verifies bytes that are no text, and not what text decoding makes of them',
      run: async () => {
        const body = Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x80]);
        bench.accepts(bench.verify(await bench.signed({ body })));
        const replaced = Buffer.from(body.toString('utf8'));
        bench.refuses(bench.verify({ ...(await bench.signed({ body: replaced })), body }));
        bench.refuses(bench.verify({ ...(await bench.signed({ body })), body: replaced }));
      },
    },
    {
      name: 'verifies an empty body',
      run: async () => bench.accepts(bench.verify(await bench.signed({ body: Buffer.alloc(0) }))),
    },
  ];
}

/** Another address. */
export function urlCases(bench: Bench): ContractCase[] {
  return [
    {
      name: 'refuses another host, path or query',
      run: async () => {
        const request = await bench.signed();
        for (const url of [
          request.url.replace('shop.', 'shop2.'),
          request.url.replace('/webhooks/it', '/webhooks/that'),
          request.url.replace('x=1', 'x=2'),
          request.url.replace('https:', 'http:'),
          `${request.url}&y=1`,
          '',
        ])
          bench.refuses(bench.verify({ ...request, url }));
      },
    },
  ];
}

/** Times at the edge of the window, and beyond it. */
export function timeCases(bench: Bench, toleranceSeconds: number): ContractCase[] {
  const { source } = bench.subject;
  const verdictAt = async (apartMs: number, options: SourceOptions = {}): Promise<Verdict> =>
    bench.verify(await bench.signed(), { nowMs: NOW_MS + apartMs, source: { ...source, ...options } });
  return [
    {
      name: `takes a time ${toleranceSeconds} s old or early, and none further off`,
      run: async () => {
        const edge = toleranceSeconds * 1_000;
        for (const apart of [edge, -edge, 0]) bench.accepts(await verdictAt(apart));
        const stale = { ok: false, reason: 'stale' };
        for (const apart of [edge + 1_000, -edge - 1_000, 86_400_000, -315_360_000_000])
          assert.deepEqual(await verdictAt(apart), stale);
      },
    },
    {
      name: 'takes the tolerance of the source',
      run: async () => {
        bench.accepts(await verdictAt((toleranceSeconds + 60) * 1_000, { toleranceSeconds: toleranceSeconds + 60 }));
        bench.refuses(await verdictAt(4_000, { toleranceSeconds: 3 }));
      },
    },
  ];
}
