import { describe, expect, it } from '@jest/globals';
import { Metrics } from './metrics.js';

const lines = async (metrics: Metrics): Promise<string[]> =>
  (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe('a counter', () => {
  it('has a series for each of its labels’ values, whatever is in them', async () => {
    const metrics = new Metrics({ metrics: true });
    const count = metrics.counter('knocks_total', 'Knocks.', ['door', 'outcome']);
    count('front', 'opened');
    count('front', 'opened');
    count('"back"\\', 'shut');
    expect(await lines(metrics)).toEqual([
      'knocks_total{door="front",outcome="opened"} 2',
      'knocks_total{door="\\"back\\"\\\\",outcome="shut"} 1',
    ]);
    count('front', 'opened');
    expect((await lines(metrics))[0]).toBe('knocks_total{door="front",outcome="opened"} 3');
  });

  it('does not grow beyond a thousand: what comes then counts under other', async () => {
    const metrics = new Metrics({ metrics: true });
    const count = metrics.counter('knocks_total', 'Knocks.', ['door', 'outcome']);
    for (let door = 0; door < 1_500; door += 1) count(`door ${door}`, 'opened');
    count('door 0', 'opened');
    const all = await lines(metrics);
    expect(all).toHaveLength(1_001);
    expect(all).toContain('knocks_total{door="door 0",outcome="opened"} 2');
    expect(all).toContain('knocks_total{door="other",outcome="opened"} 500');
  });

  it('is nothing where metrics are off', async () => {
    const metrics = new Metrics({ metrics: false });
    metrics.counter('knocks_total', 'Knocks.', ['door'])('front');
    expect(await lines(metrics)).toEqual([]);
  });
});

describe('a gauge', () => {
  it('is read when somebody asks, by its label, and is not there where reading fails', async () => {
    const metrics = new Metrics({ metrics: true });
    let level: number | undefined = 3;
    const read = () => {
      if (level === undefined) throw new Error('The well is closed.');
      return { '': level };
    };
    metrics.gauge('well_metres', 'Depth.', undefined, read);
    metrics.gauge('buckets', 'Buckets.', 'state', () => Promise.resolve({ full: 1, empty: 2 }));
    expect(await lines(metrics)).toEqual(['well_metres 3', 'buckets{state="full"} 1', 'buckets{state="empty"} 2']);
    level = undefined;
    expect(await lines(metrics)).toEqual(['buckets{state="full"} 1', 'buckets{state="empty"} 2']);
    level = 0;
    expect(await lines(metrics)).toContain('well_metres 0');
  });
});
