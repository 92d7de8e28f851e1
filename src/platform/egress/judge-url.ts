import type { EgressPolicy, UrlVerdict } from '../../kernel/egress-policy.js';
import { inTime } from '../../kernel/in-time.js';
import { resolveAddresses, type ResolveAddresses } from './resolve.js';

/** How {@link judgeUrl} resolves names, and for how long it waits. */
interface JudgeUrlOptions {
  /** @defaultValue the operating system's resolver */
  resolve?: ResolveAddresses;
  /** Milliseconds. @defaultValue 2000 */
  timeoutMs?: number;
}

/**
 * Judges a URL at registration: its text, then every address its name resolves to now. One forbidden address refuses the
 * whole answer.
 *
 * Early news for whoever registers, no protection: a name may resolve otherwise later, so the connector judges again. Hence
 * a name that does not resolve, or not in time, is accepted. Do not call it inside a transaction: it waits for the network.
 */
export async function judgeUrl(
  policy: EgressPolicy,
  text: string,
  { resolve = resolveAddresses, timeoutMs = 2_000 }: JudgeUrlOptions = {},
): Promise<UrlVerdict> {
  const verdict = policy.checkUrl(text);
  if (!verdict.ok || verdict.literal !== undefined) return verdict;
  const addresses = (await inTime(resolve(verdict.url.hostname), timeoutMs)) ?? [];
  // One word for all: the exact one would tell which internal names exist, and in what network.
  return addresses.every((address) => policy.checkAddress(address).ok)
    ? verdict
    : { ok: false, error: 'URL not allowed', reason: 'forbidden_address' };
}
