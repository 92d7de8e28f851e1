// What the server says of itself: its routes, what they take, and how each of their answers looks.
import { Ajv } from 'ajv';

/** Of OpenAPI 3.0, what our document uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  readonly example?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

interface Operation {
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly schema?: Schema }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** One route, as a caller sees it. */
export interface Route {
  readonly method: string;
  /** With `{parameters}`. */
  readonly path: string;
  readonly query: Readonly<Record<string, Schema>>;
  readonly body?: Schema;
  /** Says what is undocumented about an answer, or nothing. */
  complaintOf(status: number, contentType: string, text: string): string | undefined;
}

/** What comes before any route, and so is told of none: the body's parser and HTTP itself. */
const BEFORE_ROUTES: ReadonlySet<number> = new Set([413, 415]);

export function routesOf(document: Document): Route[] {
  const ajv = new Ajv({
    strict: false,
    formats: {
      uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
      date: /^\d{4}-\d{2}-\d{2}$/,
      'date-time': isInstant,
      uri: (text: string) => URL.canParse(text),
    },
  });
  ajv.addSchema({ $id: 'document', ...(strictly(document) as object) });
  const validatorOf = (path: string, method: string, status: string) => {
    const pointer = ['paths', path, method, 'responses', status, 'content', 'application/json', 'schema'];
    return ajv.compile({ $ref: `document#/${pointer.map(escaped).join('/')}` });
  };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody, responses }]): Route => {
      const validators = new Map(
        Object.entries(responses)
          .filter(([, { content }]) => content?.['application/json']?.schema)
          .map(([status]) => [Number(status), validatorOf(path, method, status)]),
      );
      const documented = new Set(Object.keys(responses).map(Number));
      return {
        method: method.toUpperCase(),
        path,
        query: Object.fromEntries(parameters.flatMap((p) => (p.in === 'query' ? [[p.name, p.schema ?? {}]] : []))),
        body: requestBody?.content['application/json']?.schema,
        complaintOf(status, contentType, text) {
          if (BEFORE_ROUTES.has(status)) return undefined;
          if (!documented.has(status)) return `answers ${status}, which is not documented`;
          const validate = validators.get(status);
          if (!validate) return undefined;
          if (!contentType.startsWith('application/json')) return `answers ${contentType}, not JSON`;
          return validate(JSON.parse(text))
            ? undefined
            : `answers otherwise than documented: ${ajv.errorsText(validate.errors)}`;
        },
      };
    }),
  );
}

/**
 * The document as JSON Schema has it: `nullable` written out, and nothing in an object beside what is documented.
 * https://spec.openapis.org/oas/v3.0.4.html#schema-object
 */
function strictly(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(strictly);
  if (typeof part !== 'object' || part === null) return part;
  const { nullable, ...rest } = Object.fromEntries(
    Object.entries(part).map(([name, inner]) => [name, strictly(inner)]),
  );
  const closed = rest.type === 'object' && rest.properties && rest.additionalProperties === undefined;
  const schema = closed ? { ...rest, additionalProperties: false } : rest;
  return nullable === true ? { anyOf: [schema, { type: 'null' }] } : schema;
}

const escaped = (part: string): string => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));

const isInstant = (text: string): boolean => /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) && !Number.isNaN(Date.parse(text));
