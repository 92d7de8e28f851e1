import { describe, expect, it } from '@jest/globals';
import { FairQueue } from './fair-queue.js';

/** Serves so many jobs, each of which takes its owner as long as `costs` says. */
function served(queue: FairQueue<string>, count: number, costs: Record<string, number>): string[] {
  return Array.from({ length: count }, () => {
    const next = queue.next()!;
    queue.spent(next.owner, costs[next.owner]!);
    return next.job;
  });
}
const fill = (queue: FairQueue<string>, owner: string, count: number): void => {
  for (let n = 0; n < count; n += 1) queue.add(owner, `${owner}${n}`);
};

describe('the fair queue', () => {
  it('serves one owner in the order that it asked', () => {
    const queue = new FairQueue<string>();
    fill(queue, 'a', 3);
    expect(served(queue, 3, { a: 10 })).toEqual(['a0', 'a1', 'a2']);
    expect(queue.next()).toBeUndefined();
  });

  it('gives each the same time, however many it asks for and however long they take', () => {
    const queue = new FairQueue<string>();
    fill(queue, 'slow', 100);
    fill(queue, 'quick', 100);
    const jobs = served(queue, 44, { slow: 1_000, quick: 25 });
    expect(jobs.filter((job) => job.startsWith('slow')).length).toBeLessThanOrEqual(3);
  });

  it('lets one that comes late have its turn, and no more than its share for having been away', () => {
    const queue = new FairQueue<string>();
    fill(queue, 'a', 100);
    served(queue, 50, { a: 10 });
    fill(queue, 'late', 100);
    const jobs = served(queue, 20, { a: 10, late: 10 });
    const late = jobs.filter((job) => job.startsWith('late')).length;
    expect([late >= 9, late <= 11]).toEqual([true, true]);
  });

  it('keeps nothing of a job that is taken back, and serves the others as if it had not been there', () => {
    const queue = new FairQueue<string>();
    fill(queue, 'a', 3);
    queue.drop('a', 'a1');
    queue.drop('a', 'a7');
    queue.drop('nobody', 'a0');
    expect(served(queue, 2, { a: 10 })).toEqual(['a0', 'a2']);
    expect(queue.next()).toBeUndefined();
  });

  it('does not forget what one had as soon as it has nothing left', () => {
    const queue = new FairQueue<string>();
    fill(queue, 'quick', 100);
    let slow = 0;
    for (let n = 0; n < 100; n += 1) {
      // It asks anew only when it was served: its line is empty in between.
      if (!served(queue, 0, {}).length && n % 2 === 0) queue.add('slow', 'slow');
      const next = queue.next()!;
      if (next.owner === 'slow') slow += 1;
      queue.spent(next.owner, next.owner === 'slow' ? 1_000 : 10);
      if (next.owner === 'quick') queue.add('quick', 'quick');
    }
    expect(slow).toBeLessThanOrEqual(2);
  });
});
