// The house's arrows, read from import lines: who may import whom, and what only one file may touch.
import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

const SRC = join(import.meta.dirname, '..', 'src');

interface Source {
  /** Path below src, such as `delivery/claim.ts`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const sources: Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(join(SRC, path), 'utf8');
    const imports = [...text.matchAll(/^(?:import|export)\s[^;]*?from\s+'([^']+)';|^import '([^']+)';/gm)].map(
      (match) => match[1] ?? match[2] ?? '',
    );
    return { path: path.replaceAll('\\', '/'), text, imports };
  });

const code = sources.filter(({ path }) => !path.endsWith('.spec.ts'));

/** Imports of our own files, as paths below src. */
const ownImports = (source: Source): string[] =>
  source.imports
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => relative(SRC, normalize(join(SRC, dirname(source.path), specifier))).replace(/\.js$/, '.ts'));

const folderOf = (path: string): string => (path.includes('/') ? (path.split('/')[0] as string) : 'root');

const ALLOWED: Record<string, readonly string[]> = {
  kernel: [],
  platform: ['kernel'],
  registry: ['kernel', 'platform'],
  delivery: ['kernel', 'platform', 'registry'],
  outbound: ['kernel', 'platform', 'registry', 'delivery'],
  inbound: ['kernel', 'platform', 'registry', 'delivery', 'outbound'],
  migrations: ['platform'],
  monitoring: ['kernel', 'platform', 'registry', 'delivery', 'outbound', 'inbound'],
  testing: ['kernel', 'platform', 'registry', 'delivery', 'outbound', 'inbound', 'root'],
  // Asks the API from the browser, and knows nothing of what answers.
  dashboard: ['platform'],
  // For programs elsewhere: of the product it has what the API says of itself.
  client: [],
  // Speaks to servers over HTTP alone: of the product it has the samples and the signers. What is about the machine of a server
  // is in host/.
  cli: ['kernel', 'platform', 'testing', 'root'],
  root: ['kernel', 'platform', 'registry', 'delivery', 'outbound', 'inbound', 'migrations', 'monitoring', 'dashboard'],
};

describe('the arrows', () => {
  it('point one way: kernel ← platform ← registry ← delivery ← outbound ← inbound', () => {
    const wrong = code.flatMap((source) => {
      const from = folderOf(source.path);
      return ownImports(source)
        .filter((target) => folderOf(target) !== from && !ALLOWED[from]?.includes(folderOf(target)))
        .map((target) => `${source.path} → ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it('enter a sibling through its index only', () => {
    const doors = /^(?:registry|delivery|outbound|inbound|monitoring|dashboard|migrations)\//;
    const wrong = code.flatMap((source) =>
      ownImports(source)
        .filter((target) => doors.test(target) && folderOf(target) !== folderOf(source.path))
        .filter((target) => !/^\w+\/index\.ts$/.test(target))
        .map((target) => `${source.path} → ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('form no circle', () => {
    const graph = new Map(code.map((source) => [source.path, ownImports(source)]));
    const circles: string[] = [];
    const done = new Set<string>();
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      if (done.has(path) || trail.includes(path)) return;
      for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
      done.add(path);
    };
    for (const path of graph.keys()) visit(path, []);
    expect(circles).toEqual([]);
  });

  it('never lead to the public face from inside', () => {
    expect(code.filter((source) => ownImports(source).includes('index.ts')).map(({ path }) => path)).toEqual([]);
  });

  it('leave the kernel pure: only node:* and pure packages', () => {
    const pure = /^(?:node:|\.|uuid$|ipaddr\.js$)/;
    const wrong = code
      .filter(({ path }) => folderOf(path) === 'kernel')
      .flatMap(({ path, imports }) => imports.filter((name) => !pure.test(name)).map((name) => `${path} → ${name}`));
    expect(wrong).toEqual([]);
  });
});

describe('the command', () => {
  it('loads nothing of the server, but for commands about it: no package, and of our own only what is as light', () => {
    const byPath = new Map(code.map((source) => [source.path, source]));
    const packages: string[] = [];
    const seen = new Set<string>();
    const visit = (path: string): void => {
      // Loaded by the command that is asked for, and by no other.
      if (seen.has(path) || path.startsWith('cli/host/')) return;
      seen.add(path);
      const source = byPath.get(path);
      // Types are erased; what is imported when a command needs it counts like the rest.
      const text = (source?.text ?? '').replaceAll(/^(?:import|export) type [^;]*;/gm, '');
      for (const [, name = ''] of text.matchAll(/(?:from |import\()'([^']+)'/g)) {
        if (name.startsWith('.'))
          visit(
            normalize(join(dirname(path), name))
              .replaceAll('\\', '/')
              .replace(/\.js$/, '.ts'),
          );
        else if (!name.startsWith('node:')) packages.push(`${path} → ${name}`);
      }
    };
    visit('cli/main.ts');
    expect(packages).toEqual([]);
    expect(seen.size).toBeGreaterThan(10);
    const hosts = code.filter(
      ({ path, imports }) => /^cli\/[^/]+$/.test(path) && imports.some((name) => name.includes('host/')),
    );
    expect(hosts.map(({ path }) => path)).toEqual([]);
  });
});

describe('what only one place may touch', () => {
  const users = (pattern: RegExp): string[] => code.filter(({ text }) => pattern.test(text)).map(({ path }) => path);

  it('process.env: one file', () => {
    const own = users(/process\.env\b/).filter((path) => !path.startsWith('platform/database/embedded-postgres/'));
    expect(own).toEqual(['platform/config/environment.ts']);
  });

  it('the process clock: one file', () => {
    expect(users(/\bDate\.now\(|\bnew Date\(\)|performance\.now\(/)).toEqual(['kernel/clock.ts']);
  });

  it('bullmq: the queue plumbing, and processor and queue files', () => {
    const wrong = code
      .filter(({ imports }) => imports.some((name) => name === 'bullmq' || name === '@nestjs/bullmq'))
      .map(({ path }) => path)
      .filter((path) => !path.startsWith('platform/queue/') && !/\.(?:processor|queue)\.ts$/.test(path));
    expect(wrong).toEqual([]);
  });

  it('process signals: the server and the command, each in its main alone', () => {
    expect(users(/process\.(?:on|once)\(\s*'SIG/).sort()).toEqual(['cli/main.ts', 'main.ts']);
  });
});

describe('what is exported', () => {
  const ROOT = join(SRC, '..');
  // What is read by people who have only the package.
  const FACES = ['src/index.ts', 'src/testing/index.ts', 'src/client/index.ts'];

  const textOf = new Map(
    ['src', 'test', 'bench', 'dashboard/src', 'examples', 'scripts'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((path) => /\.(?:tsx?|mjs)$/.test(path) && !path.includes('node_modules'))
        .map((path) => [`${folder}/${path.replaceAll('\\', '/')}`, readFileSync(join(ROOT, folder, path), 'utf8')]),
    ),
  );

  /** `a as b` is imported as a, and exported as b. */
  const namesIn = (braces: string | undefined, side: 'imported' | 'exported'): string[] =>
    (braces ?? '')
      .split(',')
      .map((name) => name.trim().replace(/^type /, ''))
      .filter((name) => name !== '')
      .map((name) => name.split(' as ').at(side === 'imported' ? 0 : -1) as string);

  const IMPORT = /^(?:import|export)\s([^;'"]*?)\sfrom '(\.[^']+)'/gm;
  const IMPORT_WHEN_NEEDED = /(?:\{([^}]*)\} = await )?import\('(\.[^']+)'\)\)?(?:\.(\w+))?/g;
  const DECLARED = /^export (?:abstract |async )*(?:const|function\*?|class|interface|type|enum) (\w+)/gm;
  const LISTED = /^export (?:type )?\{([^}]*)\}/gm;

  it('is imported by another file, or part of a public face: what nobody asks for is its file’s own', () => {
    const imported = new Set<string>();
    for (const [path, text] of textOf) {
      const use = (specifier: string, names: readonly string[]): void => {
        // Scripts and benchmarks run what was built.
        const target = normalize(join(dirname(path), specifier))
          .replace(/^dist\//, 'src/')
          .replace(/\.js$/, '.ts');
        for (const name of names) imported.add(`${target} ${name}`);
      };
      for (const [, clause = '', specifier = ''] of text.matchAll(IMPORT)) {
        use(specifier, clause.includes('*') ? ['*'] : namesIn(/\{([^}]*)\}/.exec(clause)?.[1], 'imported'));
      }
      for (const [, braces, specifier = '', name = ''] of text.matchAll(IMPORT_WHEN_NEEDED)) {
        use(specifier, [name, ...namesIn(braces, 'imported')]);
      }
    }
    const exported = [...textOf]
      .filter(([path]) => path.startsWith('src/') && !FACES.includes(path) && !imported.has(`${path} *`))
      .flatMap(([path, text]) => {
        const declared = [...text.matchAll(DECLARED)].map(([, name = '']) => name);
        const listed = [...text.matchAll(LISTED)].flatMap(([, braces]) => namesIn(braces, 'exported'));
        return [...declared, ...listed].map((name) => `${path} ${name}`);
      });
    expect(exported.length).toBeGreaterThan(500);
    expect(exported.filter((name) => !imported.has(name))).toEqual([]);
  });
});

describe('a table is written by its owner alone', () => {
  const OWNERS: Record<string, string> = {
    tenant: 'registry',
    api_key: 'registry',
    webhook: 'registry',
    webhook_secret: 'registry',
    source: 'registry',
    source_secret: 'registry',
    event: 'delivery',
    delivery: 'delivery',
    delivery_attempt: 'delivery',
    attempt_count: 'delivery',
    attempt_minute: 'delivery',
    attempt_hour: 'delivery',
    live_entry: 'delivery',
    live_follower: 'delivery',
    replay: 'delivery',
    webhook_health: 'delivery',
    source_watch: 'inbound',
    received_event: 'inbound',
    handler_run: 'inbound',
    received_key: 'inbound',
    handler_lane: 'inbound',
    idempotency_key: 'platform',
    audit_log: 'platform',
  };

  it.each(Object.entries(OWNERS))('%s by %s', (table, owner) => {
    const writes = new RegExp(`(?:INSERT INTO|UPDATE|DELETE FROM) \\$\\{[\\w.]*?\\b${table}\\}`, 'i');
    const wrong = code
      .filter(({ path, text }) => folderOf(path) !== owner && writes.test(text))
      .map(({ path }) => path);
    expect(wrong).toEqual([]);
  });
});

describe('validation', () => {
  it('sees every DTO: no controller takes a @Body() or @Query() of a type that is erased', () => {
    const wrong = code
      .filter(({ path }) => path.endsWith('.controller.ts'))
      .flatMap(({ path, text }) => {
        const erased = [...text.matchAll(/^import type \{([^}]*)\}/gm)].flatMap((match) =>
          (match[1] ?? '').split(',').map((name) => name.trim()),
        );
        return [...text.matchAll(/@(?:Body|Query)\(\)\s+(?:\w+|\{[^}]*\}):\s*(\w+)/g)]
          .map((match) => match[1] ?? '')
          .filter((type) => erased.includes(type))
          .map((type) => `${path}: ${type}`);
      });
    expect(wrong).toEqual([]);
  });
});
