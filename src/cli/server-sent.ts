// Reads server-sent events out of an answer (https://html.spec.whatwg.org/multipage/server-sent-events.html), as far as
// ours use it.
import { StringDecoder } from 'node:string_decoder';

/** What one block says. An id without data is a place to go on from. */
interface ServerSent {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
}

/** Longer than any block of ours: whoever sends such a one is no Posthorn. */
const MAX_BLOCK_LENGTH = 1_048_576;

/** The blocks of an answer, until it ends. */
export async function* serverSent(chunks: AsyncIterable<Buffer>): AsyncGenerator<ServerSent> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of chunks) {
    const blocks = (rest + decoder.write(chunk)).split('\n\n');
    rest = blocks.pop() ?? '';
    if (rest.length > MAX_BLOCK_LENGTH) throw new Error('what the server sends is no stream of events');
    for (const block of blocks) yield blockOf(block);
  }
}

function blockOf(text: string): ServerSent {
  const fields: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const at = line.indexOf(': ');
    if (at > 0) fields[line.slice(0, at)] = line.slice(at + 2);
  }
  return fields;
}
