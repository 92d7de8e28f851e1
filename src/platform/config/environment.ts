// The one file that reads the process's environment.
import { existsSync } from 'node:fs';

/** The environment of the server, with what a `.env` file in the working directory adds to it. */
export function serverEnvironment(): Record<string, string | undefined> {
  // A variable that is already set wins over the file.
  if (existsSync('.env')) process.loadEnvFile('.env');
  return process.env;
}
