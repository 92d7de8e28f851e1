import { expect, it } from '@jest/globals';
import { once } from 'node:events';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { buildConnector } from 'undici';
import { Connections } from './connections.js';
import type { Line } from './connections.js';

it('that a stop cut are closed once they are free, and nobody hears of it', async () => {
  const receiver = net.createServer().listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const connections = new Connections(buildConnector({}));
  const lines: Line[] = [];
  const cut = new Promise((resolve) =>
    connections.dispatch(
      `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`,
      { path: '/', method: 'GET' },
      60_000,
      (line) => {
        lines.push(line);
        return { onRequestStart: () => undefined, onResponseError: (_, error) => resolve(error) };
      },
    ),
  );
  await once(receiver, 'connection');
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  try {
    connections.retire();
    await connections.destroy();
    expect(await cut).toBeInstanceOf(Error);
    for (const line of lines) line.release();
    // Node tells of what nobody handles at the end of a turn.
    await turn();
    await turn();
  } finally {
    process.off('unhandledRejection', note);
    receiver.close();
  }
  expect(unhandled).toEqual([]);
});
