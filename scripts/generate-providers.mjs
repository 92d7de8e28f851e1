// Writes the table of providers into docs/receiving.md and the dashboard's list of them, from what the providers declare. With
// --check it writes nothing and fails where a file differs from what it would write. Started by npm run docs:providers, which teaches Node TypeScript.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { BUILT_IN_PROVIDERS } from '../src/inbound/providers/built-in-providers.ts';
import { cell, formatted, root, writeOrCheck } from './made-files.mjs';

const START = '<!-- Made by "npm run docs:providers" from src/inbound/providers/. Edit those, not this. -->';
const END = '<!-- End of what is made. -->';

const COVERS = { body: 'body', 'URL and body': 'URL and body', nothing: '**nothing**' };

const row = ({ name, guide, defaultMaxBodyBytes }) => {
  const { title, page, secret, config, headers, toleranceSeconds, covers, id, type, handshake, note } = guide;
  const window = toleranceSeconds === undefined || covers === 'nothing' ? '' : `; ${toleranceSeconds} s`;
  const limit = defaultMaxBodyBytes === undefined ? '' : `Bodies up to ${defaultMaxBodyBytes / 1_048_576} MiB`;
  const named = headers.length === 0 ? 'in the body' : headers.map((header) => `\`${header}\``).join(', ');
  const more = [note, handshake && `Handshake: ${handshake}`, config && `Config: ${config}`, limit].filter(Boolean);
  return `| \`${name}\` | [${title}](${page}) | ${[secret, named, COVERS[covers] + window, id, type, more.join('. ')].map(cell).join(' | ')} |`;
};

const table = `${START}

| provider | sender | secret: what to give | signature | covers; window | id | type | more |
| --- | --- | --- | --- | --- | --- | --- | --- |
${BUILT_IN_PROVIDERS.map(row).join('\n')}

${END}`;

const page = path.join(root, 'docs', 'receiving.md');
const text = readFileSync(page, 'utf8');
const [from, to] = [text.indexOf(START), text.indexOf(END)];
if (from < 0 || to < from) throw new Error(`docs/receiving.md has lost its marks: "${START}" and "${END}".`);
const made = await formatted(page, text.slice(0, from) + table + text.slice(to + END.length));

const list = path.join(root, 'dashboard', 'src', 'pages', 'received', 'providers.ts');
const plain = (markdown) => markdown?.replace(/\[[^\]]*\]\([^)]*\)/g, 'docs/receiving.md').replaceAll('`', '');
const offered = BUILT_IN_PROVIDERS.map(({ name, guide: { title, secret, config } }) => ({
  name,
  title,
  secret: plain(secret),
  config: plain(config),
}));
const code = await formatted(
  list,
  `// Made by "npm run docs:providers" from src/inbound/providers/. Edit those, not this.

export interface ProviderChoice {
  readonly name: string;
  readonly title: string;
  /** What to give as its secret, and where it is found. */
  readonly secret: string;
  /** What its config must or may hold. */
  readonly config?: string;
}

export const PROVIDERS: readonly ProviderChoice[] = ${JSON.stringify(offered)};
`,
);

const files = [
  [page, made],
  [list, code],
];
writeOrCheck(files, { source: 'the providers', command: 'npm run docs:providers' });
