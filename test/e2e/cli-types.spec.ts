// posthorn types: the catalogue of a server as TypeScript that compiles, and by which dispatching is checked.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import { ADMIN_KEY, startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';
import { runCommand } from './cli.harness.js';

const TYPES = [
  {
    name: 'order.completed',
    description: 'An order is paid.\n*/ export const injected = 1; /*',
    deprecated: true,
    schema: {
      type: 'object',
      required: ['orderId', 'status', 'lines'],
      additionalProperties: false,
      properties: {
        orderId: { type: 'string' },
        status: { enum: ['paid', 'free', null] },
        total: { type: ['number', 'null'] },
        lines: { type: 'array', items: { $ref: '#/$defs/line' } },
        'odd "name"': { type: 'boolean' },
        pair: { prefixItems: [{ type: 'string' }, { type: 'integer' }], items: false },
        either: { oneOf: [{ type: 'string' }, { type: 'object', required: ['a'], properties: { a: { const: 1 } } }] },
      },
      $defs: {
        line: {
          allOf: [
            { type: 'object', required: ['sku'], properties: { sku: { type: 'string' } } },
            { $ref: '#/$defs/more' },
          ],
        },
        more: { type: 'object', properties: { part: { $ref: '#/$defs/line' } } },
      },
    },
  },
  { name: 'order-completed', schema: { type: 'object', properties: { n: { type: 'integer' } } } },
  { name: '1.2', description: null },
  { name: 'old.type', archived: true },
];

/** Uses of the generated types; each line is right, or says that it is wrong. */
const USES = `
import './events.js';
import type { EventDispatcher, PosthornEvents } from 'posthorn';
export async function use(dispatcher: EventDispatcher): Promise<void> {
  const line = { sku: 'a', part: { sku: 'b' } };
  const order: PosthornEvents['order.completed'] = { orderId: '1', status: 'paid', lines: [line], pair: ['a', 1], either: { a: 1 }, total: null };
  await dispatcher.dispatch('order.completed', order);
  await dispatcher.dispatch('order-completed', { n: 1, other: true });
  await dispatcher.dispatch('1.2', { anything: 1 });
  await dispatcher.dispatch('not.in.the.catalogue', { anything: 1 });
  // @ts-expect-error: orderId is missing
  await dispatcher.dispatch('order.completed', { status: 'paid', lines: [] });
  // @ts-expect-error: there is no such status
  await dispatcher.dispatch('order.completed', { ...order, status: 'lost' });
  // @ts-expect-error: a line has a sku, deeper down too
  await dispatcher.dispatch('order.completed', { ...order, lines: [{ sku: 'a', part: {} }] });
  // @ts-expect-error: n is a number
  await dispatcher.dispatch('order-completed', { n: 'one' });
}
`;

let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(path.join(tmpdir(), 'posthorn-types-'));
  for (const type of TYPES) expect((await server.api('POST', '/api/event-types', type)).status).toBe(201);
});
afterAll(async () => {
  if (folder) await rm(folder, { recursive: true });
  await server?.close();
});

const command = (...args: string[]) =>
  runCommand(['types', '--server', server.url, ...args], { POSTHORN_API_KEY: ADMIN_KEY });

/** What the compiler has against the files; `posthorn` is our own source. */
function complaints(files: readonly string[]): string[] {
  const root = path.join(import.meta.dirname, '../..');
  const config = ts.readConfigFile(path.join(root, 'tsconfig.json'), (file) => ts.sys.readFile(file)).config as object;
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const program = ts.createProgram([...files], {
    ...options,
    noEmit: true,
    skipLibCheck: true,
    rootDir: undefined,
    typeRoots: [path.join(root, 'node_modules/@types')],
    paths: { posthorn: [path.join(root, 'src/index.ts')] },
  });
  return files
    .map((file) => program.getSourceFile(file))
    .flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)])
    .map(
      (each) =>
        `${path.basename(each.file?.fileName ?? '')}: ${ts.flattenDiagnosticMessageText(each.messageText, ' ')}`,
    );
}

describe('posthorn types', () => {
  it('writes types that compile, and by which dispatch is checked', async () => {
    const [events, uses] = [path.join(folder, 'events.ts'), path.join(folder, 'uses.ts')];
    const { code, out, err } = await command('--out', events);
    expect({ code, out, err }).toEqual({ code: 0, out: [], err: [`3 event types are in ${events}.`] });
    const text = await readFile(events, 'utf8');
    expect(text).not.toContain('old.type');
    expect(text).toContain('@deprecated');
    await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
    await writeFile(uses, USES);
    expect(complaints([events, uses])).toEqual([]);
  });

  it('prints the same where no file is named, the same every time', async () => {
    const printed = await command();
    expect(printed.out).toEqual([(await readFile(path.join(folder, 'events.ts'), 'utf8')).trimEnd()]);
  });

  it('says what is missing, or what the server has against it', async () => {
    expect(await runCommand(['types'])).toMatchObject({ code: 2, err: [expect.stringContaining('API key')] });
    expect(await command('--api-key', 'wrong')).toMatchObject({ code: 1, err: [expect.stringContaining('401')] });
    expect(await command('--out', path.join(folder, 'none/events.ts'))).toMatchObject({
      code: 1,
      err: [expect.stringContaining('cannot be written')],
    });
  });
});
