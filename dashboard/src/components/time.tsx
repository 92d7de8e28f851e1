// Instants and durations as people read them; the exact instant is in the title.
const DAY_MS = 86_400_000;
const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

/** The time of today, else with its day. */
export function timeText(instant: string, now = Date.now()): string {
  const date = new Date(instant);
  const sameDay = Math.abs(now - date.getTime()) < DAY_MS && date.getDate() === new Date(now).getDate();
  return sameDay ? time.format(date) : `${day.format(date)}, ${time.format(date)}`;
}

export const Time = ({ at }: { readonly at: string | null }) =>
  at === null ? (
    <span class="muted">–</span>
  ) : (
    <time dateTime={at} title={at}>
      {timeText(at)}
    </time>
  );

/** `340 ms`, `1.2 s`, `3 min`, `2 h`. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return ms < 2 * DAY_MS ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / DAY_MS)} d`;
}
