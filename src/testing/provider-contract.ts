// What every provider must do, ours or a team's own. The cases assert by themselves, so that any test runner will do.
import { Bench } from './contract/bench.js';
import type { ContractCase, ContractSubject } from './contract/bench.js';
import { anyByteCases, byteCases, sameJsonCases, timeCases, urlCases } from './contract/coverage.js';
import { bareCases, headerCases } from './contract/headers.js';
import { requestCases } from './contract/naming.js';
import { secretCases } from './contract/secrets.js';

/**
 * The cases that a provider must pass.
 *
 * @example
 * for (const { name, run } of providerContract({ provider: new Acme(), sign, newSecret, headers: ['x-acme-signature'] }))
 *   it(name, run);
 */
export function providerContract(subject: ContractSubject): ContractCase[] {
  const { covers = 'body', signs = 'anything', toleranceSeconds, headers } = subject;
  const bench = new Bench(subject);
  const cases = [...secretCases(bench), ...requestCases(bench)];
  if (headers.length > 0) cases.push(...bareCases(bench));
  for (const header of headers) cases.push(...headerCases(bench, header));
  if (covers !== 'nothing') cases.push(...byteCases(bench));
  if (covers !== 'nothing' && signs !== 'fields') cases.push(...sameJsonCases(bench));
  if (covers !== 'nothing' && signs === 'anything') cases.push(...anyByteCases(bench));
  if (covers === 'URL and body') cases.push(...urlCases(bench));
  if (toleranceSeconds !== undefined) cases.push(...timeCases(bench, toleranceSeconds));
  return cases;
}
