// Server-sent events by fetch, because EventSource sends no Authorization header and a key in an address is in every log.
// Goes on after a break where it was.
import { ApiError, apiUrl, open, sentenceOf } from './client';

export interface StreamEvent {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

export interface Follower {
  onEvent(event: StreamEvent): void;
  /** Connected, or why not. */
  onState(problem: string | undefined): void;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;

/** Follows until the signal aborts, or the server says that it never will let it. */
export async function follow(types: string, follower: Follower, signal: AbortSignal): Promise<void> {
  let lastId: string | undefined;
  let waitMs = FIRST_WAIT_MS;
  while (!signal.aborted) {
    try {
      const headers: Record<string, string> = {
        Accept: 'text/event-stream',
        ...(lastId && { 'Last-Event-ID': lastId }),
      };
      const response = await open('GET', apiUrl('stream', { types }), { headers, signal });
      follower.onState(undefined);
      waitMs = FIRST_WAIT_MS;
      for await (const event of eventsOf(response)) {
        lastId = event.id;
        follower.onEvent(event);
      }
    } catch (error) {
      if (signal.aborted) return;
      follower.onState(
        error instanceof ApiError
          ? error.message
          : sentenceOf(new ApiError(0, '', 'The connection broke; it is made again.')),
      );
      if (error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429) return;
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }
}

async function* eventsOf(response: Response): AsyncGenerator<StreamEvent> {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = eventOf(block);
      if (event) yield event;
    }
  }
}

/** What of a block counts: a comment, a beat or a `retry` alone is none. */
function eventOf(block: string): StreamEvent | undefined {
  const fields = new Map(
    block.split('\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trimStart()] as const;
    }),
  );
  const [id, event, data] = [fields.get('id'), fields.get('event'), fields.get('data')];
  return id !== undefined && event && data ? { id, event, data: JSON.parse(data) as unknown } : undefined;
}
