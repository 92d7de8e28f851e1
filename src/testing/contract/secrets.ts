// Which secrets make a request hold: any live one of the source, and no other.
import assert from 'node:assert/strict';
import type { Bench, ContractCase } from './bench.js';

/** Live, old, new, foreign and missing secrets. */
export function secretCases(bench: Bench): ContractCase[] {
  const { subject, pair } = bench;
  const other = subject.newSecret();
  return [
    {
      name: 'accepts what the sender signed',
      run: async () => bench.accepts(bench.verify(await bench.signed())),
    },
    {
      name: 'accepts any of several live secrets, wherever it stands: the old one in its grace, the new one before it is used',
      run: async () => {
        const request = await bench.signed();
        for (const secrets of [
          [pair.secret, other.secret],
          [other.secret, pair.secret],
          [subject.newSecret().secret, other.secret, pair.secret, subject.newSecret().secret],
        ])
          bench.accepts(bench.verify(request, { secrets }));
      },
    },
    {
      name: 'refuses another source’s secret, and any request when there is no secret',
      run: async () => {
        const refused = { ok: false, reason: 'no_secret_matched' };
        assert.deepEqual(bench.verify(await bench.signed({ signWith: other.signWith })), refused);
        assert.deepEqual(bench.verify(await bench.signed(), { secrets: [] }), refused);
        assert.deepEqual(bench.verify(await bench.signed(), { secrets: [other.secret] }), refused);
      },
    },
    ...(subject.several
      ? [
          {
            name: 'accepts one good signature among several, wherever it stands',
            run: async () => {
              const [good, bad] = [await bench.signed(), await bench.signed({ signWith: other.signWith })];
              bench.accepts(bench.verify(subject.several?.(good, bad) ?? good));
              bench.accepts(bench.verify(subject.several?.(bad, good) ?? bad));
              bench.refuses(bench.verify(subject.several?.(bad, bad) ?? bad));
            },
          },
        ]
      : []),
  ];
}
