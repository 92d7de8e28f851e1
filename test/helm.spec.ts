// The Helm chart, as far as it can be known without a cluster: what its templates come to for given values. They keep to the few
// constructs that `render` knows, so that this is what Helm makes of them too; where helm is installed, it lints them besides.
import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseDuration } from '../src/kernel/duration.js';
import { SETTINGS } from '../src/platform/config/index.js';

const chart = path.resolve(import.meta.dirname, '..', 'deploy', 'helm', 'posthorn');
// The parser that the OpenAPI module brings along.
const { load } = createRequire(createRequire(import.meta.url).resolve('@nestjs/swagger'))('js-yaml') as {
  load: (text: string) => unknown;
};
const textOf = (file: string): string => readFileSync(path.join(chart, file), 'utf8');

interface Values {
  config: Record<string, string>;
  terminationGracePeriodSeconds: number;
  migrate: { enabled: boolean };
  ingress: { enabled: boolean; tlsSecretName: string };
}
const valuesOf = (): Values => load(textOf('values.yaml')) as Values;

type Scope = Readonly<Record<string, unknown>>;

function valueOf(expression: string, scope: Scope): unknown {
  const [first = '', ...pipes] = expression.split(' | ');
  const look = (name: string): unknown => {
    if (!/^[.$][\w.]+$/.test(name)) throw new Error(`{{ ${expression} }} is no construct that is known here.`);
    return name
      .replace(/^\./, '')
      .split('.')
      .reduce<unknown>((found, part) => (found as Scope | undefined)?.[part], scope);
  };
  return pipes.reduce<unknown>((value, pipe) => {
    if (pipe === 'quote') return JSON.stringify(String(value));
    if (pipe === 'toJson') return JSON.stringify(value);
    if (pipe.startsWith('default ')) return value || look(pipe.slice('default '.length));
    throw new Error(`There is no ${pipe} here.`);
  }, look(first));
}

/** Of Go's templates: values with `quote`, `toJson` and `default`, `if`, and `range $name, $value`. */
function render(template: string, scope: Scope): string {
  const parts = template.split(/(\s*\{\{- [^}]+\}\}|\{\{ [^}]+ \}\})/);
  let at = 0;
  const until = (inner: Scope, writes: boolean): string => {
    let out = '';
    for (;;) {
      const part = parts[at];
      at += 1;
      if (part === undefined) return out;
      const action = /\{\{-? (.*?) ?\}\}/.exec(part)?.[1];
      if (action === undefined) out += part;
      else if (action === 'end') return out;
      else if (action.startsWith('if ')) {
        const holds = writes && Boolean(valueOf(action.slice(3), inner));
        const text = until(inner, holds);
        if (holds) out += text;
      } else if (action.startsWith('range $name, $value := ')) {
        const entries = Object.entries(valueOf(action.slice('range $name, $value := '.length), inner) as Scope);
        const start = at;
        for (const [$name, $value] of entries) {
          at = start;
          out += until({ ...inner, $name, $value }, writes);
        }
        if (entries.length === 0) until(inner, false);
      } else if (writes) out += String(valueOf(action, inner));
    }
  };
  return until(scope, true);
}

interface Container {
  command: string[];
  image: string;
  env: { name: string; value: string }[];
  envFrom: Record<string, { name: string }>[];
  livenessProbe?: { httpGet: { path: string } };
  readinessProbe?: { httpGet: { path: string } };
  securityContext: object;
  resources?: object;
}
interface PodSpec {
  containers: Container[];
  securityContext: object;
  terminationGracePeriodSeconds?: number;
}
interface Manifest {
  kind: string;
  metadata: { name: string; annotations?: Record<string, string> };
  data?: Record<string, string>;
  spec: {
    replicas?: number;
    selector?: object;
    template: { metadata: { labels: object }; spec: PodSpec };
    tls?: unknown;
  };
}

function manifests(values: Values = valuesOf()): Record<string, Manifest | undefined> {
  const scope = { Values: values, Release: { Name: 'shop' }, Chart: { AppVersion: '0.1.0' } };
  return Object.fromEntries(
    readdirSync(path.join(chart, 'templates')).map((file) => {
      const text = render(textOf(path.join('templates', file)), scope);
      return [file.replace('.yaml', ''), text.trim() === '' ? undefined : (load(text) as Manifest)];
    }),
  );
}

describe('the Helm chart', () => {
  it('runs api and worker from one image, as nobody special, with their health watched', () => {
    const made = manifests();
    for (const role of ['api', 'worker']) {
      const spec = made[role]?.spec;
      const pod = spec?.template.spec;
      const [container] = pod?.containers ?? [];
      expect({ role, replicas: spec?.replicas, labels: spec?.template.metadata.labels }).toEqual({
        role,
        replicas: 2,
        labels: {
          'app.kubernetes.io/name': 'posthorn',
          'app.kubernetes.io/instance': 'shop',
          'app.kubernetes.io/component': role,
        },
      });
      expect(spec?.selector).toEqual({ matchLabels: spec?.template.metadata.labels });
      expect(pod?.securityContext).toMatchObject({ runAsNonRoot: true });
      expect(container).toMatchObject({
        image: 'posthorn:0.1.0',
        command: ['node', 'dist/main.js'],
        env: [{ name: 'ROLE', value: role }],
        envFrom: [{ secretRef: { name: 'posthorn' } }, { configMapRef: { name: made.config?.metadata.name } }],
        livenessProbe: { httpGet: { path: '/health/live' } },
        readinessProbe: { httpGet: { path: '/health/ready' } },
        securityContext: { allowPrivilegeEscalation: false },
        resources: { limits: { memory: '768Mi' } },
      });
    }
  });

  it('migrates before anything of a new version starts, unless it is told not to', () => {
    const { migrate } = manifests();
    expect(migrate?.metadata.annotations).toMatchObject({ 'helm.sh/hook': 'pre-install,pre-upgrade' });
    expect(migrate?.spec.template.spec.containers[0]).toMatchObject({
      command: ['node', 'dist/cli/main.js', 'migrate'],
      envFrom: [{ secretRef: { name: 'posthorn' } }],
    });
    const values = valuesOf();
    values.migrate.enabled = false;
    expect(manifests(values).migrate).toBeUndefined();
  });

  it('waits for requests in flight, and passes on settings that exist and are no secrets', () => {
    const values = valuesOf();
    const { config } = manifests(values);
    const graceMs = values.terminationGracePeriodSeconds * 1_000;
    expect(graceMs).toBeGreaterThan(parseDuration(config?.data?.SHUTDOWN_TIMEOUT ?? '') ?? Number.NaN);
    const open = Object.values(SETTINGS).filter((setting) => !('secret' in setting));
    const known = new Set<string>(open.map(({ env }) => env));
    expect(Object.keys(config?.data ?? {}).filter((name) => !known.has(name))).toEqual([]);
    expect(manifests({ ...values, config: { LOG_LEVEL: 'warn' } }).config?.data).toEqual({
      HOST: '0.0.0.0',
      PORT: '3000',
      LOG_LEVEL: 'warn',
    });
  });

  it('has an ingress where it is asked for one, with TLS where there is a certificate', () => {
    const values = valuesOf();
    expect(manifests(values).ingress).toBeUndefined();
    values.ingress.enabled = true;
    expect(manifests(values).ingress).toMatchObject({
      kind: 'Ingress',
      spec: { rules: [{ host: 'hooks.example.com' }] },
    });
    expect(manifests(values).ingress?.spec.tls).toBeUndefined();
    values.ingress.tlsSecretName = 'hooks-tls';
    expect(manifests(values).ingress?.spec.tls).toEqual([{ hosts: ['hooks.example.com'], secretName: 'hooks-tls' }]);
  });

  it('is of the version of the package', () => {
    const { version } = JSON.parse(readFileSync(path.resolve(chart, '../../../package.json'), 'utf8')) as {
      version: string;
    };
    expect(load(textOf('Chart.yaml'))).toMatchObject({ version, appVersion: version });
  });

  it('is what helm takes for a chart, where there is one to ask', () => {
    if (spawnSync('helm', ['version']).status !== 0) return;
    expect(spawnSync('helm', ['lint', '--strict', chart], { encoding: 'utf8' })).toMatchObject({ status: 0 });
  });
});
