// The files of the page as Vite made them, read once and held: together they are smaller than one photograph.
import { hash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** From `src` and from `dist` alike, so that tests serve what users get. */
const FOLDER = path.resolve(import.meta.dirname, '..', '..', 'dist', 'dashboard', 'page');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** One file. */
export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
  readonly gzipped: Buffer;
  readonly etag: string;
  /** Its name holds a hash of what is in it, so that it never changes. */
  readonly immutable: boolean;
}

/** Every file by its path below the page, such as `index.html`; empty where the page was not built. */
export async function readBuiltPage(folder = FOLDER): Promise<ReadonlyMap<string, PageFile>> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const known = names.filter((name) => path.extname(name) in TYPES);
  return new Map(
    await Promise.all(known.map(async (name) => [name.replaceAll('\\', '/'), await read(folder, name)] as const)),
  );
}

async function read(folder: string, name: string): Promise<PageFile> {
  const body = await readFile(path.join(folder, name));
  return {
    type: TYPES[path.extname(name)] ?? 'application/octet-stream',
    body,
    gzipped: await promisify(gzip)(body, { level: 9 }),
    etag: `"${hash('sha256', body, 'base64url').slice(0, 22)}"`,
    immutable: name.startsWith('assets'),
  };
}
