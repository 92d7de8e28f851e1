// How fast a webhook is sent to, and how long one tries.
import { NAMED_SCHEDULES } from '../../../../src/kernel/retry-schedule';
import type { Problems } from '../../api/problems';
import type { Guarantee } from '../../api/types';
import { Checkbox, Select, TextField } from '../../components/fields';
import type { Draft } from './draft';

export const PACE_PROBLEMS: readonly string[] = ['maxInFlight', 'rateLimit', 'ordered'];

export const RETRY_PROBLEMS: readonly string[] = [
  'retrySchedule',
  'retryStatuses',
  'retryJitter',
  'maxRetryWaitMs',
  'timeoutMs',
  'expiresAfter',
  'guarantee',
  'autoDisable',
];

const AS_INSTALLED = 'Empty: as the installation says.';

const SCHEDULES = [
  ['', 'As the installation says'],
  ...[...NAMED_SCHEDULES].map(([name, waits]) => [name, `${name}: after ${waits.join(', ')}`] as const),
  ['own', 'Own waits'],
] as const;

const GUARANTEES = [
  ['at-least-once', 'At least once'],
  ['at-most-once', 'At most once: what may have arrived is never sent again'],
] as const;

const GIVEN_UP = [
  ['', 'As the installation says'],
  ['own', 'Once it only failed for a while'],
  ['never', 'Never'],
] as const;

export interface PolicyProps {
  readonly draft: Draft;
  readonly set: (change: Partial<Draft>) => void;
  readonly problems: Problems;
}

export const PaceFields = ({ draft, set, problems }: PolicyProps) => (
  <>
    <TextField
      label="Requests at once"
      value={draft.maxInFlight}
      onValue={(maxInFlight) => set({ maxInFlight })}
      hint="At most so many wait for an answer. Empty: a quarter of what each worker may have."
      error={problems.maxInFlight}
    />
    <TextField
      label="Attempts at most"
      value={draft.rateMax}
      onValue={(rateMax) => set({ rateMax })}
      hint="Empty: no limit."
      error={problems.rateLimit}
    />
    <TextField
      label="In so many seconds"
      value={draft.ratePerSeconds}
      onValue={(ratePerSeconds) => set({ ratePerSeconds })}
    />
    <Checkbox
      label="In order: of events with the same ordering key, the next is sent when the one before is final"
      checked={draft.ordered}
      onChecked={(ordered) => set({ ordered })}
    />
  </>
);

export const RetryFields = ({ draft, set, problems }: PolicyProps) => (
  <>
    <Select
      label="Tried again"
      value={draft.retrySchedule}
      onValue={(retrySchedule) => set({ retrySchedule })}
      options={SCHEDULES}
      error={draft.retrySchedule === 'own' ? undefined : problems.retrySchedule}
    />
    {draft.retrySchedule === 'own' && (
      <TextField
        label="Waits before each retry"
        value={draft.retryWaits}
        onValue={(retryWaits) => set({ retryWaits })}
        placeholder="10s, 5m, 2h"
        hint="Separated by commas; as many retries as waits. Empty: it is sent once."
        error={problems.retrySchedule}
      />
    )}
    <TextField
      label="Answers that are tried again"
      value={draft.retryStatuses}
      onValue={(retryStatuses) => set({ retryStatuses })}
      placeholder="default, 404, !501"
      hint={
        <>
          Statuses, classes such as <code>5xx</code>, or <code>default</code>; <code>!</code> takes out. {AS_INSTALLED}
        </>
      }
      error={problems.retryStatuses}
    />
    <TextField
      label="Chance in each wait"
      value={draft.retryJitter}
      onValue={(retryJitter) => set({ retryJitter })}
      placeholder="0.2"
      hint={`From 0 to 1: so much of a wait is random. ${AS_INSTALLED}`}
      error={problems.retryJitter}
    />
    <TextField
      label="Longest wait"
      value={draft.maxRetryWait}
      onValue={(maxRetryWait) => set({ maxRetryWait })}
      placeholder="24h"
      hint={`Also where the receiver asks for a longer one. ${AS_INSTALLED}`}
      error={problems.maxRetryWaitMs}
    />
    <TextField
      label="Time to answer"
      value={draft.timeout}
      onValue={(timeout) => set({ timeout })}
      placeholder="10s"
      hint={AS_INSTALLED}
      error={problems.timeoutMs}
    />
    <TextField
      label="Worth sending for"
      value={draft.expiresAfter}
      onValue={(expiresAfter) => set({ expiresAfter })}
      placeholder="10m"
      hint="What is older is not sent any more. Empty: for ever."
      error={problems.expiresAfter}
    />
    <Select
      label="Sent"
      value={draft.guarantee}
      onValue={(guarantee) => set({ guarantee: guarantee as Guarantee })}
      options={GUARANTEES}
    />
    <Select
      label="Disabled by itself"
      value={draft.autoDisable}
      onValue={(autoDisable) => set({ autoDisable: autoDisable as Draft['autoDisable'] })}
      options={GIVEN_UP}
    />
    {draft.autoDisable === 'own' && (
      <>
        <TextField
          label="After only failing for"
          value={draft.disableAfter}
          onValue={(disableAfter) => set({ disableAfter })}
          placeholder="5d"
          error={problems.autoDisable}
        />
        <TextField
          label="And so many attempts"
          value={draft.disableAttempts}
          onValue={(disableAttempts) => set({ disableAttempts })}
          placeholder="20"
        />
      </>
    )}
  </>
);
