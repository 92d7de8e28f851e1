// What the API says of replays, and when one is over: shared by the specs about them.
import type { TestServer } from '../setup/server.js';

/** The answer to a request for a replay. */
export interface Accepted {
  readonly id?: string;
  readonly count: number;
  readonly code?: string;
}

export interface Progress {
  readonly count: number;
  readonly made: number;
  readonly finishedAt: string | null;
}

/** A `since` before everything. */
export const LONG_AGO = '2020-01-01';

export const progressOf = async (server: TestServer, id: string | undefined): Promise<Progress> =>
  (await server.api<Progress>('GET', `/api/replays/${id}`)).body;

export const finished = async (server: TestServer, id: string | undefined): Promise<boolean> =>
  (await progressOf(server, id)).finishedAt !== null;
