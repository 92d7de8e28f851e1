// JSON Schema 2020-12, as tenants write it. Ajv makes a function of a schema, which is why it is checked against the
// meta-schema first and stands alone: it refers to nothing outside itself, and no two share an instance.
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { TooCostlyError, within } from './watchdog.js';

/** Largest schema, in bytes of its JSON. */
const MAX_SCHEMA_BYTES = 65_536;

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** Far more than an honest schema takes, on a busy machine too. */
const COMPILE_MS = 1_000;
const JUDGE_MS = 250;

/** So often in a row an event may take too long to judge; then the schema is not asked for a while. */
const MAX_STRIKES = 3;

const MAX_PROBLEMS = 20;

/** What a look at the text is enough to rule out: without these, the cost is bounded by the sizes of schema and data. */
const MAY_BE_SLOW = /"(?:pattern|patternProperties|format|\$ref|\$dynamicRef|uniqueItems|contains)"\s*:/;
const SMALL_BYTES = 4_096;

const metaSchema = new Ajv2020({ strict: false, allErrors: true, logger: false });

/** A schema that events can be judged by. */
export class EventSchema {
  private strikes = 0;

  private constructor(
    private readonly validate: ValidateFunction,
    private readonly watched: boolean,
    readonly bytes: number,
  ) {}

  /** The schema, or what is wrong with it. */
  static read(schema: object): EventSchema | readonly string[] {
    const text = JSON.stringify(schema);
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_SCHEMA_BYTES) return [`schema may have at most ${MAX_SCHEMA_BYTES} bytes`];
    const dialect = (schema as { $schema?: unknown }).$schema;
    if (dialect !== undefined && dialect !== DIALECT) return [`schema/$schema must be ${DIALECT}`];
    // Made before the clock runs: cut off in its midst, the meta-schema could not be used again, and no schema read any more.
    metaSchema.getSchema(DIALECT);
    try {
      return within(COMPILE_MS, () => {
        if (!metaSchema.validateSchema(schema)) return problemsOf('schema', metaSchema.errors);
        const own = new Ajv2020({
          strict: false,
          allErrors: true,
          logger: false,
          meta: false,
          validateSchema: false,
          inlineRefs: false,
        });
        addFormats.default(own);
        return new EventSchema(own.compile(schema), bytes > SMALL_BYTES || MAY_BE_SLOW.test(text), bytes);
      });
    } catch (error) {
      if (error instanceof TooCostlyError) return ['schema takes too long to read'];
      // Of Ajv and of regular expressions: what cannot be resolved, and where.
      return [`schema cannot be used: ${(error as Error).message.slice(0, 300)}`];
    }
  }

  /** Whether it took too long, time and again. */
  get isTooCostly(): boolean {
    return this.strikes >= MAX_STRIKES;
  }

  /** What is wrong with data, each with its path, a JSON pointer; nothing where it is valid. @throws TooCostlyError */
  problems(data: unknown): readonly string[] {
    if (this.isTooCostly) throw new TooCostlyError();
    if (!this.watched) return this.judge(data);
    try {
      const problems = within(JUDGE_MS, () => this.judge(data));
      this.strikes = 0;
      return problems;
    } catch (error) {
      if (error instanceof TooCostlyError) this.strikes += 1;
      throw error;
    }
  }

  private judge(data: unknown): readonly string[] {
    return this.validate(data) ? [] : problemsOf('data', this.validate.errors);
  }
}

function problemsOf(root: string, errors: readonly ErrorObject[] | null | undefined): readonly string[] {
  const sentences = (errors ?? []).map(({ instancePath, message = 'is not valid', params }) => {
    const { additionalProperty, unevaluatedProperty } = params as Record<string, unknown>;
    const surplus = additionalProperty ?? unevaluatedProperty;
    const which = typeof surplus === 'string' ? `: ${JSON.stringify(surplus.slice(0, 100))}` : '';
    return `${(root + instancePath).slice(0, 300)} ${message.slice(0, 300)}${which}`;
  });
  return [...new Set(sentences)].slice(0, MAX_PROBLEMS);
}
