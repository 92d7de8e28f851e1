#!/usr/bin/env node
// The command as a process: arguments, environment, streams, Ctrl-C.
import { serverEnvironment } from '../platform/config/environment.js';
import { runCli } from './cli.js';

const ending = new AbortController();
const end = (): void => ending.abort();
process.once('SIGINT', end);
process.once('SIGTERM', end);
// A reader that has seen enough, such as head, closes its end.
process.stdout.on('error', end);

process.exitCode = await runCli(process.argv.slice(2), {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  env: serverEnvironment(),
  signal: ending.signal,
});
