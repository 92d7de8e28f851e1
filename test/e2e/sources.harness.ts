// Sources that are made by the API of a shop and tried with requests that Stripe's library signs: shared by the specs about them.
import { expect } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { eventually } from '../setup/eventually.js';
import { ADMIN_KEY, api, openScene, SharedScene } from './receive.harness.js';
import { post, stripeEvent, stripeHeaders } from './sender.harness.js';
import type { Answered } from './sender.harness.js';

/** What sources have that say nothing else. */
export const SECRET = 'whsec_the-first-of-this-source';
export const NEXT = 'whsec_the-second-of-this-source';

export interface SourceAnswer {
  readonly id: string;
  readonly path: string;
  readonly secrets: readonly {
    readonly id: string;
    readonly hint: string;
    readonly createdAt: string;
    readonly expiresAt: string | null;
  }[];
}

export const newName = (): string => `s-${randomUUID()}`;

export class SourceScene extends SharedScene {
  /** Opens it for the tests of a file. */
  static forTests(): SourceScene {
    return new SourceScene(openScene);
  }

  async create(fields: object = {}, tenant?: string): Promise<{ name: string; source: SourceAnswer }> {
    const name = newName();
    const body = { name, provider: 'stripe', secrets: [SECRET], ...fields };
    const answer = await api(this.shop, 'sources', { method: 'POST', body, ...(tenant && { tenant }) });
    expect(answer).toMatchObject({ status: 201 });
    return { name, source: answer.body as SourceAnswer };
  }

  patch(name: string, body: object): Promise<Answered> {
    return api(this.shop, `sources/${name}`, { method: 'PATCH', body });
  }

  addSecret(name: string, body: object): Promise<Answered> {
    return api(this.shop, `sources/${name}/secrets`, { method: 'POST', body });
  }

  async retireSecret(name: string, id = ''): Promise<number> {
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    return (await fetch(`${this.shop.url}/api/sources/${name}/secrets/${id}`, { method: 'DELETE', headers })).status;
  }

  async read(name: string): Promise<SourceAnswer> {
    return (await api(this.shop, `sources/${name}`)).body as SourceAnswer;
  }

  /** A new event to a source, signed with its secret. */
  send(path: string, secret = SECRET, at = this.shop): Promise<Answered> {
    const { body } = stripeEvent('source.tried');
    return post(at.url + path, body, stripeHeaders(body, secret));
  }

  /** Until a replica has forgotten what it knew: it may know a source for a second. */
  async becomes(status: number, path: string, secret = SECRET, at = this.shop): Promise<void> {
    await eventually(async () => (await this.send(path, secret, at)).status === status, `${path} answers ${status}`);
  }
}
