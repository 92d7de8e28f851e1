// The keys that a server without configuration makes for itself, once, and keeps beside its data.
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Secret } from '../../kernel/secret.js';
import type { Settings } from './settings.js';

/** The keys of a server: given by settings, else read from the data directory, else made there. */
interface GeneratedKeys {
  readonly encryptionKey: readonly Secret[];
  readonly adminApiKey: Secret;
  /** True exactly once: at the start that made the admin key. */
  readonly adminKeyIsNew: boolean;
}

/** Fills in the keys that the settings leave out. Files are readable by their owner alone. */
export async function generatedKeys({
  dataDir,
  encryptionKey,
  adminApiKey,
}: Pick<Settings, 'dataDir' | 'encryptionKey' | 'adminApiKey'>): Promise<GeneratedKeys> {
  if (!encryptionKey || !adminApiKey) await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const encryption = encryptionKey
    ? undefined
    : await keep(join(dataDir, 'encryption.key'), () => randomBytes(32).toString('base64'));
  const admin = adminApiKey
    ? undefined
    : await keep(join(dataDir, 'admin.key'), () => `phk_${randomBytes(24).toString('base64url')}`);
  return {
    encryptionKey: encryptionKey ?? [new Secret(encryption?.text ?? '')],
    adminApiKey: adminApiKey ?? new Secret(admin?.text ?? ''),
    adminKeyIsNew: admin?.isNew ?? false,
  };
}

/** Reads a key file, or makes it; of two processes that make it at once, the second reads what the first wrote. */
async function keep(path: string, make: () => string): Promise<{ text: string; isNew: boolean }> {
  try {
    const file = await open(path, 'wx', 0o600);
    const text = make();
    try {
      await file.writeFile(`${text}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    return { text, isNew: true };
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
    const text = (await readFile(path, 'utf8')).trim();
    if (text === '')
      throw new Error(`${path} is empty: a start was cut off while writing it. Delete it to have a new key made.`, {
        cause: error,
      });
    return { text, isNew: false };
  }
}
