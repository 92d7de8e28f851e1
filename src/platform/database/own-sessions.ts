// Whether connections have sessions of PostgreSQL of their own, which a pooler that gives them out by transaction does not let them.

/** Which session of PostgreSQL answers on a connection now. */
export type SessionOf = () => Promise<number>;

/** More than once: a pooler may happen to have as many sessions as we have connections, and give each its own for a while. */
const ROUNDS = 4;

/**
 * Whether each of two connections has one session, and not that of the other. Behind a pooler that gives sessions out by transaction
 * or statement, a statement may run in the session of another tenant's request, and LISTEN hears nothing.
 *
 * They are asked there and back: one that gives out two sessions in turn would look right if they were always asked in one order.
 *
 * Edge: a pooler that happens to be busy may hand out the same two every time all the same, and is not found out.
 *
 * @param first - Asks the first connection; both must be open.
 * @param second - Asks the second.
 */
export async function haveOwnSessions(first: SessionOf, second: SessionOf): Promise<boolean> {
  const [one, other] = [await first(), await second()];
  if (one === other) return false;
  for (let round = 0; round < ROUNDS; round += 1)
    if ((await second()) !== other || (await first()) !== one || (await first()) !== one || (await second()) !== other)
      return false;
  return true;
}
