// TypeScript of the catalogue: a type per event, and the map by which `dispatch` is checked. Pure. What a schema says and
// TypeScript cannot, such as patterns and bounds, is left to the server; what is not understood is `unknown`.
import type { EventTypeAnswer } from './server.js';

type Json = unknown;
type JsonObject = Readonly<Record<string, Json>>;

/** A type of the catalogue, as far as code knows of it. */
type CatalogueType = Omit<EventTypeAnswer, 'archived'>;

/** Deeper than this, a schema is `unknown`. */
const MAX_DEPTH = 64;

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The file: types in the order given. */
export function typescriptOf(types: readonly CatalogueType[]): string {
  const taken = new Set(['PosthornEvents']);
  const named = types.map((type) => ({ type, alias: unique(pascal(type.name), taken) }));
  const aliases = named.flatMap(({ type, alias }) => new Aliases(alias, taken, type).write());
  const members = named.map(({ type, alias }) => `${comment(type, '    ')}    ${JSON.stringify(type.name)}: ${alias};`);
  return `// Made by "npx posthorn types". Do not edit: make it anew when the catalogue changes.
import 'posthorn';

${aliases.join('\n')}
declare module 'posthorn' {
  interface PosthornEvents {
${members.join('\n')}
  }
}
`;
}

/** The type of one event, and those that its schema names. */
class Aliases {
  private readonly names = new Map<string, string>();
  private readonly written: string[] = [];

  constructor(
    private readonly alias: string,
    private readonly taken: Set<string>,
    private readonly type: CatalogueType,
  ) {}

  write(): string[] {
    this.names.set('#', this.alias);
    const { schema } = this.type;
    const data = schema === null ? 'Record<string, unknown>' : this.of(schema, 0);
    // Data is an object, whatever a schema leaves open.
    const text = data === 'unknown' ? 'Record<string, unknown>' : data;
    return [`${comment(this.type, '')}export type ${this.alias} = ${text};\n`, ...this.written];
  }

  private of(schema: Json, depth: number): string {
    if (schema === false) return 'never';
    if (!isObject(schema) || depth > MAX_DEPTH) return 'unknown';
    const parts = [
      ...(typeof schema.$ref === 'string' ? [this.named(schema.$ref, depth)] : []),
      ...this.values(schema),
      ...['anyOf', 'oneOf'].map((key) => this.joined(schema[key], ' | ', depth)),
      this.joined(schema.allOf, ' & ', depth),
      this.shape(schema, depth),
    ].filter((part) => part !== 'unknown');
    return parts.length === 0 ? 'unknown' : parts.length === 1 ? (parts[0] as string) : parts.map(enclosed).join(' & ');
  }

  private values(schema: JsonObject): string[] {
    const values = 'const' in schema ? [schema.const] : Array.isArray(schema.enum) ? (schema.enum as Json[]) : [];
    if (values.length === 0) return [];
    const literals = values.map((value) =>
      typeof value === 'object' && value !== null ? 'unknown' : JSON.stringify(value),
    );
    return literals.includes('unknown') ? [] : [[...new Set(literals)].join(' | ')];
  }

  private joined(schemas: Json, by: ' | ' | ' & ', depth: number): string {
    if (!Array.isArray(schemas) || schemas.length === 0) return 'unknown';
    const parts = [...new Set(schemas.map((schema) => this.of(schema, depth + 1)))];
    if (by === ' & ')
      return (
        parts
          .filter((part) => part !== 'unknown')
          .map(enclosed)
          .join(by) || 'unknown'
      );
    return parts.includes('unknown') ? 'unknown' : parts.map(enclosed).join(by);
  }

  /** What `type` and its keywords say, unless values say it more closely. */
  private shape(schema: JsonObject, depth: number): string {
    if ('const' in schema || Array.isArray(schema.enum)) return 'unknown';
    const implied =
      'properties' in schema || 'required' in schema
        ? ['object']
        : 'items' in schema || 'prefixItems' in schema
          ? ['array']
          : [];
    const types = Array.isArray(schema.type)
      ? (schema.type as Json[])
      : schema.type === undefined
        ? implied
        : [schema.type];
    const parts = types.map((type) => this.ofType(type, schema, depth));
    return parts.length === 0 || parts.includes('unknown') ? 'unknown' : [...new Set(parts)].map(enclosed).join(' | ');
  }

  private ofType(type: Json, schema: JsonObject, depth: number): string {
    switch (type) {
      case 'string':
      case 'boolean':
      case 'null':
        return type;
      case 'number':
      case 'integer':
        return 'number';
      case 'array':
        return this.array(schema, depth);
      case 'object':
        return this.object(schema, depth);
      default:
        return 'unknown';
    }
  }

  private array({ items, prefixItems }: JsonObject, depth: number): string {
    const rest = this.of(items ?? true, depth + 1);
    if (!Array.isArray(prefixItems)) return `${enclosed(rest)}[]`;
    const first = prefixItems.map((item) => `${enclosed(this.of(item, depth + 1))}?`);
    return `[${[...first, ...(items === false ? [] : [`...${enclosed(rest)}[]`])].join(', ')}]`;
  }

  private object(schema: JsonObject, depth: number): string {
    const properties = isObject(schema.properties) ? schema.properties : {};
    const required = new Set(Array.isArray(schema.required) ? (schema.required as Json[]) : []);
    const names = [
      ...new Set([...Object.keys(properties), ...[...required].filter((name) => typeof name === 'string')]),
    ];
    const members = names.map((name) => {
      const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
      return `${JSON.stringify(name)}${required.has(name) ? '' : '?'}: ${this.of(property ?? true, depth + 1)}`;
    });
    const { additionalProperties } = schema;
    if (members.length === 0)
      return additionalProperties === false
        ? 'Record<string, never>'
        : `Record<string, ${this.of(additionalProperties ?? true, depth + 1)}>`;
    const text = `{ ${members.join('; ')} }`;
    // Others are allowed unless the schema says no: without this, an object literal with more would not compile.
    return additionalProperties === false ? text : `${text} & Record<string, unknown>`;
  }

  /** The name of what a reference leads to, written the first time that it is met. */
  private named(reference: string, depth: number): string {
    const known = this.names.get(reference);
    if (known) return known;
    const target = this.target(reference);
    if (target === undefined) return 'unknown';
    const alias = unique(this.alias + pascal(reference.split('/').at(-1) ?? ''), this.taken);
    this.names.set(reference, alias);
    this.written.push(`export type ${alias} = ${this.of(target, depth + 1)};\n`);
    return alias;
  }

  private target(reference: string): Json {
    if (!reference.startsWith('#/')) return undefined;
    let found: Json = this.type.schema;
    for (const part of reference.slice(2).split('/')) {
      const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
      found =
        (isObject(found) || Array.isArray(found)) && Object.hasOwn(found, key) ? (found as JsonObject)[key] : undefined;
    }
    return found;
  }
}

/** In brackets where it would not stand for itself among others. */
const enclosed = (type: string): string => (/[|&]/.test(type) ? `(${type})` : type);

function pascal(text: string): string {
  const words = text.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return /^[A-Za-z]/.test(name) ? name : `Event${name}`;
}

function unique(name: string, taken: Set<string>): string {
  let free = name;
  for (let number = 2; taken.has(free); number += 1) free = `${name}${number}`;
  taken.add(free);
  return free;
}

/** A description must not end the comment that it stands in. */
function comment({ description, deprecated }: CatalogueType, indent: string): string {
  const lines = [
    ...(description ?? '').split(/\r?\n|[\u2028\u2029]/).filter((line) => line.trim() !== ''),
    ...(deprecated ? ['@deprecated'] : []),
  ];
  if (lines.length === 0) return '';
  const text = lines.map((line) => `${indent} * ${line.replaceAll('*/', '*\\/').trimEnd()}`);
  return `${indent}/**\n${text.join('\n')}\n${indent} */\n`;
}
