// Writes src/client/routes.ts from the OpenAPI document: every route with what it takes and answers, as types. With --check it writes
// nothing and fails where the file differs from what it would write. --from FILE takes a document that is there already; without it,
// a server is started for the asking. Started by npm run client:generate, which teaches Node TypeScript.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { formatted, root, writeOrCheck } from './made-files.mjs';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** Of routes outside of it, programs have no use, or other means. */
const PREFIX = '/api/';

async function documentOfServer() {
  await import('reflect-metadata');
  const { startServer } = await import('../src/server.ts');
  const dataDir = mkdtempSync(path.join(tmpdir(), 'posthorn-client-'));
  const server = await startServer({
    ...process.env,
    DATA_DIR: path.join(dataDir, 'data'),
    PORT: '0',
    LOG_LEVEL: 'error',
  });
  try {
    return await (await fetch(`${server.url}/docs-json`)).json();
  } finally {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const nameOf = (reference) => reference.split('/').at(-1);
const enclosed = (type) => (/[|&]/.test(type) ? `(${type})` : type);

/** The type of a schema of OpenAPI 3.0; `unknown` where that says nothing. */
function typeOf(schema) {
  if (!schema) return 'unknown';
  const type = ownTypeOf(schema);
  return schema.nullable && type !== 'unknown' ? `${enclosed(type)} | null` : type;
}

function ownTypeOf(schema) {
  if (schema.$ref) return nameOf(schema.$ref);
  if (schema.allOf) return schema.allOf.map((each) => enclosed(typeOf(each))).join(' & ');
  const either = schema.oneOf ?? schema.anyOf;
  if (either) return [...new Set(either.map(typeOf))].map(enclosed).join(' | ');
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  switch (schema.type) {
    case 'string':
    case 'boolean':
      return schema.type;
    case 'number':
    case 'integer':
      return 'number';
    case 'array':
      return `${enclosed(typeOf(schema.items))}[]`;
    case 'object':
      return objectOf(schema);
    default:
      return schema.properties ? objectOf(schema) : 'unknown';
  }
}

function objectOf({ properties = {}, required = [], additionalProperties }) {
  const members = Object.entries(properties).map(([name, schema]) => member(name, required.includes(name), schema));
  if (members.length > 0) return `{ ${members.join(' ')} }`;
  const value = typeof additionalProperties === 'object' ? typeOf(additionalProperties) : 'unknown';
  return `Record<string, ${value}>`;
}

const comment = (text) => (text ? `/** ${text.replaceAll('*/', '*\\/').replaceAll(/\s*\n\s*/g, ' ')} */\n` : '');
const key = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));
const member = (name, isRequired, schema) =>
  `${comment(schema.description)}${key(name)}${isRequired ? '' : '?'}: ${typeOf(schema)};\n`;

function parametersOf(parameters, where) {
  const named = parameters.filter((parameter) => parameter.in === where);
  if (named.length === 0) return undefined;
  const members = named.map(({ name, required = false, schema, description }) =>
    member(name, required || where === 'path', { ...schema, description }),
  );
  return `{ ${members.join(' ')} }`;
}

const needsSomething = (schema, schemas) =>
  Boolean(schema?.$ref ? schemas[nameOf(schema.$ref)]?.required?.length : schema?.required?.length);

const contentOf = (responses) => Object.entries(responses).find(([status]) => status.startsWith('2'))?.[1].content;

/** A stream is no answer that can be waited for. */
const isStream = ({ responses }) => 'text/event-stream' in (contentOf(responses) ?? {});

function answerOf(responses) {
  const schema = contentOf(responses)?.['application/json']?.schema;
  return schema ? typeOf(schema) : 'void';
}

function routeOf(method, path, { summary, parameters = [], requestBody, responses }, schemas) {
  const body = requestBody?.content['application/json']?.schema;
  const fields = [
    ['path', parametersOf(parameters, 'path'), false],
    [
      'query',
      parametersOf(parameters, 'query'),
      !parameters.some(({ in: where, required }) => where === 'query' && required),
    ],
    ['body', body && typeOf(body), !needsSomething(body, schemas)],
    ['answer', answerOf(responses), false],
  ].filter(([, type]) => type !== undefined);
  const members = fields.map(([name, type, optional]) => `${name}${optional ? '?' : ''}: ${type};`);
  return `${comment(summary)}'${method.toUpperCase()} ${path}': { ${members.join(' ')} };`;
}

/** What of the schemas the routes refer to, and what that refers to. */
function namesUsed(text, schemas) {
  const used = new Set();
  const visit = (part) => {
    for (const name of Object.keys(schemas))
      if (!used.has(name) && new RegExp(`\\b${name}\\b`).test(part)) {
        used.add(name);
        visit(typeOf(schemas[name]));
      }
  };
  visit(text);
  return [...used].sort();
}

function fileOf({ paths, components: { schemas } }) {
  const routes = Object.entries(paths)
    .filter(([path]) => path.startsWith(PREFIX))
    .flatMap(([path, item]) =>
      METHODS.filter((method) => item[method] && !isStream(item[method])).map((method) =>
        routeOf(method, path, item[method], schemas),
      ),
    )
    .sort((a, b) => (a.slice(a.indexOf("'")) < b.slice(b.indexOf("'")) ? -1 : 1));
  const types = namesUsed(routes.join('\n'), schemas).map((name) => `export type ${name} = ${typeOf(schemas[name])};`);
  return `// Made by "npm run client:generate" from the OpenAPI document. Do not edit: change the API, and make it anew.

${types.join('\n\n')}

/** Every route of the API, by method and path: what it takes, and what it answers. */
export interface Routes {
${routes.join('\n')}
}
`;
}

const from = process.argv.indexOf('--from');
const document = from > 0 ? JSON.parse(readFileSync(process.argv[from + 1], 'utf8')) : await documentOfServer();
const file = path.join(root, 'src', 'client', 'routes.ts');
writeOrCheck([[file, await formatted(file, fileOf(document))]], {
  source: 'the OpenAPI document',
  command: 'npm run client:generate',
});
