// Writes .env.example and docs/configuration.md from the one table of settings. With --check it writes nothing and fails
// where they differ from what it would write. Started by npm run docs:configuration, which teaches Node TypeScript.
import path from 'node:path';
import { SETTINGS } from '../src/platform/config/settings-table.ts';
import { cell, formatted, root, writeOrCheck } from './made-files.mjs';

const settings = Object.entries(SETTINGS).map(([option, setting]) => ({ option, ...setting }));

const wrap = (text, width) =>
  text.split(' ').reduce(
    (lines, word) => {
      const line = `${lines.at(-1)} ${word}`.trim();
      return line.length <= width ? [...lines.slice(0, -1), line] : [...lines, word];
    },
    [''],
  );

const capital = (text) => text[0].toUpperCase() + text.slice(1);

function environmentExample() {
  const entries = settings.map(({ env, kind, default: fallback = '', doc, secret }) =>
    [
      ...wrap(doc, 100).map((line) => `# ${line}`),
      ...wrap(`Value: ${kind.expects}.${secret ? ' Secret.' : ''}`, 100).map((line) => `# ${line}`),
      `#${env}=${fallback}`,
    ].join('\n'),
  );
  return `# Every setting of the server, with its default. Copy this file to .env and uncomment what you change; a variable that is
# set in the environment wins over .env, and an empty one counts as absent.
# Made by "npm run docs:configuration" from src/platform/config/settings-table.ts.

${entries.join('\n\n')}
`;
}

function configurationPage() {
  const rows = settings.map(({ env, option, kind, default: fallback, doc, secret }) => {
    const standard = fallback === undefined ? '' : fallback === '' ? 'none' : `\`${fallback}\``;
    const value = `${capital(kind.expects)}.${secret ? ' **Secret.**' : ''}`;
    return `| \`${env}\` | \`${option}\` | ${cell(doc)} | ${cell(value)} | ${standard} |`;
  });
  return `<!-- Made by "npm run docs:configuration" from src/platform/config/settings-table.ts. Edit that, not this. -->

# Configuration

The server reads these variables from its environment, and from a file \`.env\` in its working directory for those that are
not set. Nothing is required: without any of them, \`npm start\` runs on an embedded PostgreSQL. An application that imports
the modules gives the same settings to \`PosthornModule.forRoot()\` under the option names.

Settings are validated at start, all of them at once, and a refusal names each variable that is wrong; it never repeats a
value. Durations are written \`200ms\`, \`10s\`, \`5m\`, \`24h\`, \`30d\`; lists are separated by commas (in code, they may be
arrays); flags are \`true\` or \`false\`. An empty variable counts as absent.

| Variable | Option | What | Value | Default |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

Some settings depend on each other:

- \`DATABASE_URL\` needs \`ENCRYPTION_KEY\`, because every replica must hold the same keys.
- \`ROLE\` other than \`all\` needs \`DATABASE_URL\`: the embedded PostgreSQL belongs to one process.
- \`RETENTION\` must exceed the sum of all waits of \`RETRY_SCHEDULE\`. What it deletes, and when: see
  [retention](operating.md#retention).
- \`DATABASE_SCHEMA\` also names the schema of the queue's tables (\`posthorn_queue\` beside \`posthorn\`).

\`openssl rand -base64 32\` makes an \`ENCRYPTION_KEY\`. To rotate it: [operating.md](operating.md#rotating-keys).
`;
}

const page = path.join(root, 'docs', 'configuration.md');
writeOrCheck(
  [
    [path.join(root, '.env.example'), environmentExample()],
    [page, await formatted(page, configurationPage())],
  ],
  { source: 'the settings', command: 'npm run docs:configuration' },
);
