// What can be known of the container files without a container engine.
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { SETTINGS } from '../src/platform/config/index.js';

const root = path.resolve(import.meta.dirname, '..');
// The parser that the OpenAPI module brings along.
const { load } = createRequire(createRequire(import.meta.url).resolve('@nestjs/swagger'))('js-yaml') as {
  load: (text: string) => unknown;
};

interface Service {
  environment?: Record<string, string>;
  healthcheck?: object;
}

const compose = load(readFileSync(path.join(root, 'docker-compose.yml'), 'utf8')) as {
  services: Record<'posthorn' | 'postgres' | 'redis', Service>;
};
const dockerfile = readFileSync(path.join(root, 'Dockerfile'), 'utf8');

describe('docker-compose.yml', () => {
  it('watches the health of every service', () => {
    const unwatched = Object.entries(compose.services).filter(([, { healthcheck }]) => !healthcheck);
    expect({ services: Object.keys(compose.services), unwatched }).toEqual({
      services: ['posthorn', 'postgres', 'redis'],
      unwatched: [],
    });
  });

  it('passes on settings that exist, under their own names', () => {
    const known = new Set<string>(Object.values(SETTINGS).map(({ env }) => env));
    const passed = Object.entries(compose.services.posthorn.environment ?? {});
    expect(passed.filter(([name, value]) => !known.has(name) || !value.startsWith(`\${${name}:`))).toEqual([]);
  });

  it('says what to do where a required variable is missing', () => {
    const required = Object.values(compose.services)
      .flatMap(({ environment = {} }) => Object.entries(environment))
      .filter(([name, value]) => value.startsWith(`\${${name}:?is missing in .env. `) && value.endsWith('}'))
      .map(([name]) => name);
    expect(required).toEqual(['DATABASE_URL', 'REDIS_URL', 'ENCRYPTION_KEY', 'ADMIN_API_KEY', 'POSTGRES_PASSWORD']);
  });
});

describe('Dockerfile', () => {
  it('runs the built server itself, as nobody special, with its health watched', () => {
    const lines = dockerfile.split('\n');
    expect(lines).toEqual(expect.arrayContaining(['USER node', 'CMD ["node", "dist/main.js"]']));
    expect(dockerfile).toMatch(/^HEALTHCHECK .*\\\n {2}CMD \["node",.*\/health\/ready/m);
  });

  it('copies nothing into its context that .dockerignore keeps out', () => {
    const letIn = readFileSync(path.join(root, '.dockerignore'), 'utf8').match(/(?<=^!).+$/gm);
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, files = '']) =>
      files.split(' '),
    );
    expect(copied.filter((file) => !letIn?.includes(file))).toEqual([]);
  });
});
