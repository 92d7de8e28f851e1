// The one place that knows which version this is: the package's own manifest.
import { createRequire } from 'node:module';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/** The version of Posthorn, as in `User-Agent: Posthorn/<version>`. */
export const VERSION: string = version;
