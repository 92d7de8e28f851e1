// Posts a received event to the user's own machine: the bytes as they came, and of the headers what can be true there.
import { systemClock } from '../kernel/clock.js';
import { signedRequest } from '../testing/signers.js';
import { ask } from './http.js';
import type { FullEvent } from './server.js';
import { FailureError, PROVIDERS } from './usage.js';

const SILENCE_MS = 60_000;

/** What a server keeps in the place of signatures and credentials. */
const MASK = '[secret]';

/** Said of the connection that the event came on, or by the proxies before the server: neither is so here. */
const OF_THE_CONNECTION =
  /^(?:host|connection|keep-alive|content-length|transfer-encoding|te|trailer|upgrade|expect|via|forwarded|x-forwarded-.*|proxy-.*|x-real-ip)$/;

/** Linear's time, which stands in the body that is signed. */
const LINEAR_TIME = /("webhookTimestamp"\s*:\s*)\d+/g;

/** Where events go, and how. */
export interface Forwarding {
  readonly url: string;
  /** What they are signed with again. */
  readonly resign?: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
}

/** What became of it: a status, or why there is none; and how long it took. */
interface Forwarded {
  readonly outcome: string;
  readonly ms: number;
}

export async function forward(event: FullEvent, forwarding: Forwarding): Promise<Forwarded> {
  const startedAt = systemClock();
  const outcome = await post(event, forwarding).catch((error: Error) => {
    if (forwarding.signal.aborted || !(error instanceof FailureError)) throw error;
    return error.message;
  });
  return { outcome, ms: systemClock() - startedAt };
}

async function post(event: FullEvent, forwarding: Forwarding): Promise<string> {
  const { url, headers, body } = requestOf(event, forwarding);
  const { status } = await ask(url, {
    method: 'POST',
    headers,
    body,
    silenceMs: SILENCE_MS,
    signal: forwarding.signal,
    maxBytes: 0,
  });
  return String(status);
}

function requestOf({ provider, headers, body }: FullEvent, { url, resign, config }: Forwarding) {
  const kept = Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => !OF_THE_CONNECTION.test(name) && value !== MASK),
  );
  if (resign === undefined) return { url, headers: kept, body };
  const known = PROVIDERS.find((each) => each === provider);
  if (!known) throw new FailureError(`not signed again: nobody but its own sender signs as ${provider}.`);
  try {
    return signedRequest(known, { body: renewed(known, body), secret: resign, url, headers: kept, config });
  } catch (error) {
    throw new FailureError(`not signed again (${(error as Error).message}).`);
  }
}

/** A body that can be signed now: of a sender whose time stands in it, with the time of now, and else byte for byte. */
function renewed(provider: string, body: Buffer): Buffer {
  if (provider !== 'linear') return body;
  return Buffer.from(body.toString('latin1').replace(LINEAR_TIME, `$1${systemClock()}`), 'latin1');
}
