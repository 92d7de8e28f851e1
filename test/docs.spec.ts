// Documentation that cannot fall behind: what is generated is current, what is shown compiles, what is linked is there.
import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const root = path.resolve(import.meta.dirname, '..');
const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
  ...readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join('docs', name)),
];
const textOf = (page: string): string => readFileSync(path.join(root, page), 'utf8');

it.each([
  ['.env.example and docs/configuration.md say what the settings say', 'docs:configuration'],
  ['docs/receiving.md says of every provider what it does', 'docs:providers'],
])(
  '%s',
  (_, script) => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    const [, ...args] = scripts[script]?.split(' ') ?? [];
    const { status, stderr } = spawnSync(process.execPath, [...args, '--check'], { cwd: root, encoding: 'utf8' });
    expect({ status, stderr }).toMatchObject({ status: 0 });
  },
  60_000,
);

/** The application that the README is about, by the names of its files: its own text there. */
const shop = new Map(
  ['src', 'test'].flatMap((folder) =>
    readdirSync(path.join(root, 'examples', 'shop', folder)).map((name) => {
      const file = path.join('examples', 'shop', folder, name);
      return [name, { file: path.join(root, file), text: textOf(file) }] as const;
    }),
  ),
);

/** Every file of every example. */
const examples = readdirSync(path.join(root, 'examples'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => path.join(root, 'examples', name));

describe('a snippet', () => {
  /** Each ```ts block as a file of its own beside its page, so that errors name page and line. */
  const snippets = new Map(
    pages.flatMap((page) =>
      [...textOf(page).matchAll(/^```ts\n([\s\S]*?)^```$/gm)].flatMap((match) => {
        // Compiled as the file that it is.
        if (page === 'README.md' && [...shop.values()].some(({ text }) => text === match[1])) return [];
        const line = textOf(page).slice(0, match.index).split('\n').length;
        // Lines keep their number; the export makes a module of a block that imports nothing.
        const text = `${'\n'.repeat(line)}${match[1]}export {};\n`;
        return [[path.join(root, `${page}.${line}.ts`), text] as const];
      }),
    ),
  );

  it.each(['orders.ts', 'payments.ts', 'shop.module.ts'])('of the README is the %s of the example', (name) => {
    expect(textOf('README.md')).toContain(`\`\`\`ts\n${shop.get(name)?.text}\`\`\``);
  });

  it('is in the README for verifying, too', () => {
    expect([...snippets.keys()].filter((name) => name.includes('README.md')).length).toBeGreaterThanOrEqual(2);
  });

  it('compiles against the public face, under the compiler options of the product', () => {
    const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), (file) => ts.sys.readFile(file)) as {
      config: { compilerOptions: object };
    };
    const { options } = ts.convertCompilerOptionsFromJson(
      {
        ...config.compilerOptions,
        noUnusedLocals: false,
        noUnusedParameters: false,
        declaration: false,
        paths: {
          posthorn: ['./src/index.ts'],
          'posthorn/testing': ['./src/testing/index.ts'],
          'posthorn/client': ['./src/client/index.ts'],
        },
      },
      root,
    );
    const disk = ts.createCompilerHost(options);
    const host: ts.CompilerHost = {
      ...disk,
      readFile: (name) => snippets.get(name) ?? disk.readFile(name),
      fileExists: (name) => snippets.has(name) || disk.fileExists(name),
      getSourceFile: (name, version, ...rest) => {
        const text = snippets.get(name);
        return text === undefined
          ? disk.getSourceFile(name, version, ...rest)
          : ts.createSourceFile(name, text, version);
      },
    };
    const names = [...snippets.keys(), ...examples];
    const program = ts.createProgram(names, options, host);
    // Only of these: that the product itself compiles is checked elsewhere.
    const wrong = names.flatMap((name) => {
      const file = program.getSourceFile(name);
      return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
        ({ start = 0, messageText }) =>
          `${path.relative(root, name).replace(/\.\d+\.ts$/, '')}:${(file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
      );
    });
    expect(wrong).toEqual([]);
  });
});

describe('the threat model', () => {
  const rows = (textOf('SECURITY.md').split('## Threat model')[1]?.split('\n## ')[0] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (?:who|-)/.test(line));

  it('covers everybody who may try something', () => {
    const parties = new Set(rows.map((row) => row.split('|')[1]?.trim()));
    for (const party of ['a tenant', 'a sender', 'a receiver', 'the network', 'an operator', 'a supplier'])
      expect(parties).toContain(party);
  });

  it('names, for each attempt, tests that are there', () => {
    const unshown = rows.filter((row) => {
      const named = [...(row.split('|')[4] ?? '').matchAll(/`([^`]+)`/g)].map(([, file = '']) => file);
      return (
        !named.some((file) => file.endsWith('.spec.ts')) || !named.every((file) => existsSync(path.join(root, file)))
      );
    });
    expect(rows.length).toBeGreaterThan(15);
    expect(unshown).toEqual([]);
  });
});

describe('a page', () => {
  it('links to files and headings that are there', () => {
    const broken = pages.flatMap((page) =>
      [...textOf(page).matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(
        ([link, target = '', heading]) => {
          const file = target === '' ? page : path.join(path.dirname(page), target);
          if (!existsSync(path.join(root, file))) return [`${page} ${link}`];
          return heading === undefined || headingsOf(file).includes(heading) ? [] : [`${page} ${link}`];
        },
      ),
    );
    expect(broken).toEqual([]);
  });

  it('names files of the repository that are there', () => {
    const missing = pages.flatMap((page) =>
      [...textOf(page).matchAll(/`((?:src|test|scripts|docs)\/[\w./-]+)`/g)]
        .filter(([, file = '']) => !existsSync(path.join(root, file)))
        .map(([, file]) => `${page}: ${file}`),
    );
    expect(missing).toEqual([]);
  });

  it('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    const unknown = pages.flatMap((page) =>
      [...textOf(page).matchAll(/npm run ([\w:-]+)/g)]
        .filter(([, script = '']) => !(script in scripts))
        .map(([, script]) => `${page}: ${script}`),
    );
    expect(unknown).toEqual([]);
  });

  it('names settings that exist', () => {
    const known = new Set([...textOf('.env.example').matchAll(/^#([A-Z_]+)=/gm)].map(([, name]) => name));
    const unknown = pages.flatMap((page) =>
      [...textOf(page).matchAll(/`([A-Z]+(?:_[A-Z]+)+)(?:=[^`]*)?`/g)]
        .filter(([, name = '']) => !known.has(name) && !OTHERS.has(name))
        .map(([, name]) => `${page}: ${name}`),
    );
    expect(unknown).toEqual([]);
  });
});

/** Names in capitals that are no settings of the server. */
const OTHERS = new Set([
  'APP_GUARD',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OTEL_RESOURCE_ATTRIBUTES',
  'OTEL_SERVICE_NAME',
  'OTEL_TRACES_SAMPLER',
  'PROXY_UNREACHABLE',
  'PROXY_TLS_FAILED',
  'NODE_EXTRA_CA_CERTS',
  'PROXY_AUTH_FAILED',
  'PROXY_REFUSED',
  'PROXY_TIMEOUT',
  'TEST_DATABASE_URL',
  'TEST_LOG',
  'POSTGRES_PASSWORD',
  'SKIP_LOCKED',
  'UV_THREADPOOL_SIZE',
  'RES_OPTIONS',
  'POSTHORN_API_KEY',
]);

const headingsOf = (page: string): string[] =>
  [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
