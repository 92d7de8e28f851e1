// posthorn doctor: what a server with this environment would run on, looked at one after the other, without changing anything.
import 'reflect-metadata';
import { readEnvironment, SettingsError } from '../../platform/config/index.js';
import type { Settings } from '../../platform/config/index.js';
import type { Io } from '../cli.js';
import { argumentsOf, httpUrl } from '../usage.js';
import { databaseFindings } from './database-findings.js';
import { diskFindings } from './disk-findings.js';
import { egressFindings } from './egress-findings.js';
import { broken, ok } from './finding.js';
import type { Finding } from './finding.js';
import { queueFindings } from './queue-findings.js';

const MARKS = { ok: 'ok    ', look: 'look  ', broken: 'BROKEN' } as const;

export async function doctor(args: readonly string[], io: Io): Promise<number> {
  const { values } = argumentsOf(args, { one: ['to'] });
  const to = values.to === undefined ? undefined : httpUrl('--to', values.to);
  const settings = settingsOf(io.env);
  let worst = 0;
  const tell = (finding: Finding): void => {
    io.out(`${MARKS[finding.state]}  ${finding.what.padEnd(11)} ${finding.said}`);
    if (finding.state === 'broken') worst = 1;
  };
  if (settings instanceof SettingsError) {
    tell(broken('settings', `${settings.message} docs/configuration.md lists them.`));
    return worst;
  }
  tell(ok('settings', 'They can be read.'));
  for (const findings of [databaseFindings, queueFindings, diskFindings])
    for (const finding of await findings(settings)) tell(finding);
  for (const finding of await egressFindings(settings, to)) tell(finding);
  io.err(worst === 0 ? 'Nothing is broken.' : 'Something is broken: see above.');
  return worst;
}

function settingsOf(env: Io['env']): Settings | SettingsError {
  try {
    return readEnvironment(env);
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
}
