// A server whose audit log is read, and every secret that it ever gave out or was given: shared by the specs about the log.
import { afterAll, beforeAll, expect } from '@jest/globals';
import pg from 'pg';
import { startTestServer } from '../setup/server.js';
import type { ApiAnswer, TestServer } from '../setup/server.js';

export const HOOK = {
  url: 'https://93.184.215.14/hooks/token-in-the-path?token=token-in-the-query',
  events: ['order.*'],
};

export interface Entry {
  readonly id: string;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly resource: string;
  readonly changes: { field: string; before?: unknown; after?: unknown }[];
  readonly requestId: string;
  readonly address: string | null;
}

export type Body = Record<string, unknown> & { id: string; secret?: string; key?: string; secrets: { id: string }[] };

export class AuditScene {
  server!: TestServer;
  sql!: pg.Client;
  readonly secrets: string[] = ['token-in-the'];

  /** Opens it for the tests of a file. */
  static forTests(): AuditScene {
    const scene = new AuditScene();
    beforeAll(async () => {
      scene.server = await startTestServer();
      scene.sql = new pg.Client(scene.server.databaseUrl);
      await scene.sql.connect();
      await scene.server.api('POST', '/api/tenants', { id: 'acme', name: 'Acme' });
    });
    afterAll(async () => {
      await scene.sql?.end();
      await scene.server?.close();
    });
    return scene;
  }

  readonly log = async (query = '', how: object = {}): Promise<Entry[]> => {
    const { status, body } = await this.server.api<{ data: Entry[] }>('GET', `/api/audit-log${query}`, undefined, how);
    expect([status, body]).toEqual([200, expect.anything()]);
    return body.data;
  };

  readonly call = async (method: string, path: string, body?: unknown): Promise<ApiAnswer<Body>> => {
    const answer = await this.server.api<Body>(method, path, body);
    for (const secret of [answer.body?.secret, answer.body?.key]) if (secret) this.secrets.push(secret);
    return answer;
  };

  readonly hook = async (): Promise<Body> => (await this.call('POST', '/api/webhooks', HOOK)).body;
}
