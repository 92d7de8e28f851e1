// The URL that was called, as far as we can know it: some senders sign it, and links begin like it.
import type { HttpRequest } from './exchange.js';

/**
 * What stands before the path is `PUBLIC_URL` where it is set: with it, a proxy may end TLS, change the host, or take off a
 * prefix. Else it is what the request says, and `X-Forwarded-*` where the host of this application trusts its proxy. The
 * path and the query are the ones of the request, not a character changed.
 */
export function publicUrlOf(request: HttpRequest, publicUrl: string | undefined): string {
  const { headers, url, originalUrl = url, protocol = 'http', host = headers.host ?? 'localhost' } = request;
  return `${publicUrl?.replace(/\/+$/, '') ?? `${protocol}://${host}`}${originalUrl}`;
}
