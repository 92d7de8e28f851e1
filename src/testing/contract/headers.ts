// What may become of a header on its way: lost, emptied, doubled, cut, filled with junk. Each is a verdict, never an exception.
import assert from 'node:assert/strict';
import type { Verdict } from '../../inbound/index.js';
import type { Bench, ContractCase } from './bench.js';

/** A version or an algorithm before a signature: `v1=`, `v1,`, `sha256=`. */
const LABEL = /(?<=^|[,; ])(?:[vh]\d+|sha\d+)(?=[=,])/g;

/** Texts that no sender writes into a header. */
const JUNK = [
  '=',
  ',',
  '==,=',
  '\u0000',
  'é'.repeat(64),
  ' '.repeat(100),
  'x'.repeat(20_000),
  '%E0%A4%A',
  '__proto__=1',
];

/** Without any header. */
export function bareCases(bench: Bench): ContractCase[] {
  return [
    {
      name: 'refuses a request with no headers at all',
      run: async () => bench.refuses(bench.verify({ ...(await bench.signed()), headers: {} })),
    },
  ];
}

/** One header, in every way that it can be wrong. */
export function headerCases(bench: Bench, name: string): ContractCase[] {
  const withHeader = async (change: (value: string) => string | string[] | undefined): Promise<Verdict> => {
    const request = await bench.signed();
    const value = request.headers[name];
    if (typeof value !== 'string') throw new Error(`The signer made no header ${name}.`);
    return bench.verify({ ...request, headers: { ...request.headers, [name]: change(value) } });
  };
  return [
    {
      name: `says no_signature without ${name}, and when it is empty`,
      run: async () => {
        assert.deepEqual(await withHeader(() => undefined), { ok: false, reason: 'no_signature' });
        assert.deepEqual(await withHeader(() => ''), { ok: false, reason: 'no_signature' });
      },
    },
    {
      name: `refuses ${name} when it came twice`,
      run: async () => {
        bench.refuses(await withHeader((value) => `${value}, ${value}`));
        bench.refuses(await withHeader((value) => [value, value]));
      },
    },
    {
      name: `refuses another version or algorithm in ${name}`,
      run: async () => {
        for (const label of ['v9', 'sha999', 'SHA256', 'V1', 'md5']) {
          // A value without a label stays as it is, and says nothing of versions.
          let labelled = false;
          const verdict = await withHeader((value) => {
            const changed = value.replace(LABEL, label);
            labelled = changed !== value;
            return changed;
          });
          if (labelled) bench.refuses(verdict);
        }
      },
    },
    {
      name: `never throws and never accepts, whatever ${name} holds`,
      run: async () => {
        const value = (await bench.signed()).headers[name] as string;
        // Space around a value is not among them: Node takes it off.
        const broken = [...JUNK, `${value}0`, value.repeat(2)];
        for (let at = 0; at < value.length; at++)
          broken.push(
            value.slice(0, at),
            `${value.slice(0, at)}é${value.slice(at + 1)}`,
            `${value.slice(0, at)},${value.slice(at)}`,
          );
        for (const text of broken)
          assert.equal((await withHeader(() => text)).ok, false, `${name}: ${text.slice(0, 200)} was accepted`);
      },
    },
  ];
}
