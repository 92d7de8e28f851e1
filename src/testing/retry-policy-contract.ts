// What every retry policy must do, ours or a team's own. The cases assert by themselves, so that any test runner will do.
import type { RetryPolicy } from '../delivery/index.js';
import type { ContractCase } from './contract/bench.js';
import { failures, RETRY_POLICY_RULES } from './contract/retry-policy.js';

/**
 * The cases that a retry policy must pass: a verdict that can be carried out for every failure (waits from 0 to 7 days), the
 * same one each time, without side effects, and an end.
 *
 * @param make - Makes one, for each case anew.
 * @example
 * for (const { name, run } of retryPolicyContract(() => new TrialPolicy(new Accounts()))) it(name, run);
 */
export function retryPolicyContract(make: () => RetryPolicy): ContractCase[] {
  return Object.entries(RETRY_POLICY_RULES).map(([name, holds]) => ({
    name,
    run: () => {
      const policy = make();
      for (const failure of failures()) holds(policy, failure);
      return Promise.resolve();
    },
  }));
}
