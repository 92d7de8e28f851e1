import { describe, expect, it } from '@jest/globals';
import { SparingLog } from './sparing-log.js';

/** A log whose minutes pass when the test says so. */
function heldLog() {
  const lines: string[] = [];
  let nowMs = 0;
  const log = new SparingLog(
    (line) => lines.push(line),
    () => nowMs,
  );
  return { lines, log, pass: (ms: number) => (nowMs += ms) };
}

describe('a sparing log', () => {
  it('has a line at once, and no other of the same kind within a minute', () => {
    const { lines, log, pass } = heldLog();
    for (let n = 0; n < 1_000; n += 1) log.note('a forged', () => `a ${n}.`);
    log.note('b forged', () => 'b.');
    pass(59_999);
    log.note('a forged', () => 'late.');
    expect(lines).toEqual(['a 0.', 'b.']);
  });

  it('says with the next line how many were held back', () => {
    const { lines, log, pass } = heldLog();
    for (let n = 0; n < 4; n += 1) log.note('a', () => 'a.');
    for (let minute = 0; minute < 2; minute += 1) {
      pass(60_000);
      log.note('a', () => 'a.');
    }
    expect(lines).toEqual(['a.', 'a. 3 more since the last line like it.', 'a.']);
  });

  it('remembers so many kinds and no more', () => {
    const { lines, log } = heldLog();
    for (let n = 0; n <= 10_000; n += 1) log.note(`kind ${n}`, () => '');
    log.note('kind 10000', () => 'told already');
    log.note('kind 0', () => 'told again');
    expect(lines.filter((line) => line !== '')).toEqual(['told again']);
  });
});
