// What answers the requests that some senders make before they send any event. None of them is stored.
import type { HttpResponse } from '../platform/http/index.js';
import type { HandshakeAnswer } from './providers/provider.js';

/** Puts the status and headers of a handshake on the response, and gives its body. */
export function answerHandshake(response: HttpResponse, { contentType, body }: HandshakeAnswer): string | undefined {
  response.status(body === '' ? 204 : 200);
  if (body === '') return undefined;
  response.header('Content-Type', contentType);
  return body;
}
