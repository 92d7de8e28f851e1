// The order of test files: the longest first, so that none of them is begun when the other worker has nothing left to do.
// What Jest itself knows of an earlier run stands above this; a fresh clone knows nothing, and would go by the size of files.
import Sequencer from '@jest/test-sequencer';

/** Those of half a minute and more, longest first. */
const LONGEST = [
  'faults/faults',
  'e2e/server-process',
  'e2e/newcomer',
  'e2e/hostile-input',
  'e2e/receive-killed',
  'e2e/packed',
  'e2e/kill',
  'e2e/migrations',
  'e2e/ordered',
  'e2e/dashboard',
  'e2e/retention',
  'e2e/receive-retry',
];

const rankOf = ({ path }) => {
  const rank = LONGEST.findIndex((name) => path.includes(`/test/${name}.spec.`));
  return rank < 0 ? LONGEST.length : rank;
};

export default class LongestFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    return sorted.some(({ duration }) => duration !== undefined)
      ? sorted
      : sorted.sort((a, b) => rankOf(a) - rankOf(b));
  }
}
