// What a provider says of a verified request, whatever is in it.
import assert from 'node:assert/strict';
import type { Bench, ContractCase } from './bench.js';

/** Content types, and bodies of every kind. */
export function requestCases(bench: Bench): ContractCase[] {
  const { provider } = bench.subject;
  return [
    {
      name: 'does not depend on the charset or the parameters of the content type',
      run: async () => {
        const request = await bench.signed();
        const type = String(request.headers['content-type'] ?? 'application/json').split(';', 1)[0];
        for (const parameters of ['', '; charset=utf-8', '; charset=iso-8859-1', '; charset=nonsense', ';;;=,'])
          bench.accepts(
            bench.verify({ ...request, headers: { ...request.headers, 'content-type': `${type}${parameters}` } }),
          );
      },
    },
    {
      name: 'describes and reads anything without throwing, and the same each time',
      run: async () => {
        const datas: unknown[] = [undefined, null, 1, 'text', [], [null], [1], {}, { id: 1.5, type: {} }];
        datas.push(JSON.parse('{"__proto__":{"id":"x"}}'));
        const bodies = [
          Buffer.alloc(0),
          Buffer.from([0xff, 0x00]),
          Buffer.from('%'),
          Buffer.from('a=%ff&b'),
          bench.body,
        ];
        const types = ['application/json', 'application/x-www-form-urlencoded', 'text/plain', ''];
        for (const body of bodies)
          for (const type of types) {
            const request = { ...(await bench.signed()), headers: { 'content-type': type }, body };
            const read = provider.parse ? [provider.parse(request)?.data] : [];
            for (const data of [...datas, ...read]) {
              const described = provider.describe(request, data, bench.subject.source);
              assert.deepEqual(provider.describe(request, data, bench.subject.source), described);
              assert.notEqual(described.externalId, '');
              assert.notEqual(described.type, '');
              assert.equal(provider.handshake?.(request, data, []), undefined);
            }
          }
      },
    },
    {
      name: 'numbers different bodies differently where they carry no id',
      run: async () => {
        const request = { ...(await bench.signed()), headers: {} };
        const id = (text: string): string =>
          provider.describe({ ...request, body: Buffer.from(text) }, undefined, bench.subject.source).externalId;
        assert.notEqual(id('a'), id('b'));
      },
    },
  ];
}
