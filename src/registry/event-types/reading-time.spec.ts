import { expect, it } from '@jest/globals';
import { EventSchema } from './event-schema.js';
import { SchemasTooCostlyError } from './event-types.errors.js';
import { ReadingTime } from './reading-time.js';

it('is ten seconds of the processor, and three more in every minute, for each tenant', () => {
  const [now, cpu] = [{ ms: 0 }, { ms: 0 }];
  // Each schema takes two seconds.
  const time = new ReadingTime(
    () => (cpu.ms += 2_000),
    () => now.ms,
  );
  const read = (tenant: string): unknown => time.read(tenant, {});
  for (let n = 0; n < 5; n += 1) expect(read('acme')).toBeInstanceOf(EventSchema);
  expect(() => read('acme')).toThrow(SchemasTooCostlyError);
  expect(read('globex')).toBeInstanceOf(EventSchema);
  now.ms += 20_000;
  expect(read('acme')).toBeInstanceOf(EventSchema);
  expect(() => read('acme')).toThrow(SchemasTooCostlyError);
});
