// What doctor finds of the disk: room and rights under DATA_DIR, for those whose keys or whose PostgreSQL lie there.
import { constants, existsSync } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Settings } from '../../platform/config/index.js';
import { broken, look, ok } from './finding.js';
import type { Finding } from './finding.js';

const MIB = 1_048_576;
const LITTLE_MIB = 2_048;
const TOO_LITTLE_MIB = 256;

export async function diskFindings({ databaseUrl, adminApiKey, dataDir }: Settings): Promise<Finding[]> {
  if (databaseUrl !== undefined && adminApiKey !== undefined)
    return [
      ok('disk', 'Nothing is kept on this machine: PostgreSQL is elsewhere, and the keys are in the environment.'),
    ];
  const place = nearest(path.resolve(dataDir));
  try {
    await access(place, constants.W_OK | constants.X_OK);
  } catch {
    return [broken('disk', `${place} cannot be written to: give it to the user of the server, or set DATA_DIR.`)];
  }
  const { bavail, bsize } = await statfs(place);
  const freeMib = Math.floor((bavail * bsize) / MIB);
  const said = `${freeMib} MiB are free at ${place}`;
  if (freeMib >= LITTLE_MIB) return [ok('disk', `${said}.`)];
  const remedy = 'make room, or lower RETENTION.';
  return [freeMib < TOO_LITTLE_MIB ? broken('disk', `${said}: ${remedy}`) : look('disk', `${said}: ${remedy}`)];
}

/** Itself, or the first above it that is there: what is missing is made at the first start. */
function nearest(place: string): string {
  let found = place;
  while (!existsSync(found)) found = path.dirname(found);
  return found;
}
