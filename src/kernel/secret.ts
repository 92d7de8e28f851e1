// A secret is a type: it refuses to be empty, prints as [secret] however it is printed, and opens in one place.
import { inspect } from 'node:util';

/** Text that must not be seen: logs, errors, `JSON.stringify` and template strings all show `[secret]`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    if (value === '') throw new Error('A secret cannot be empty.');
    this.#value = value;
  }

  /** The text itself. Every call is a place where a secret leaves its wrapping: keep them few. */
  reveal(): string {
    return this.#value;
  }

  /** What a person may see to tell two secrets apart: the last four characters, and never more than a quarter. */
  get hint(): string {
    const shown = Math.min(4, Math.floor(this.#value.length / 4));
    return `…${this.#value.slice(this.#value.length - shown)}`;
  }

  /** `[secret]`. */
  toString(): string {
    return '[secret]';
  }

  /** `[secret]`. */
  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
