// Reads the receiver's history as it grows.
import { closeSync, openSync, readSync } from 'node:fs';
import type { Request } from './evidence.js';

export class History {
  readonly requests: Request[] = [];
  private position = 0;
  private rest = '';

  constructor(private readonly file: string) {}

  /** Everything that has arrived by now. */
  read(): readonly Request[] {
    const handle = openSync(this.file, 'r');
    try {
      const buffer = Buffer.alloc(1_048_576);
      for (let length = 0; (length = readSync(handle, buffer, 0, buffer.length, this.position)) > 0;) {
        this.position += length;
        // Ids and numbers: every line is ASCII.
        const lines = (this.rest + buffer.toString('latin1', 0, length)).split('\n');
        this.rest = lines.pop() ?? '';
        for (const line of lines) this.requests.push(JSON.parse(line) as Request);
      }
    } finally {
      closeSync(handle);
    }
    return this.requests;
  }
}
