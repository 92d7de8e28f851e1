// What happens at this moment. Hundreds of attempts a second may come: they are gathered, and drawn a few times a second,
// the newest of them alone.
import { useEffect, useRef, useState } from 'preact/hooks';
import { follow } from '../../api/stream';
import type { LiveAttempt } from '../../api/types';
import { useWebhookNames } from '../../api/webhook-names';
import { Button } from '../../components/button';
import { Chip, words } from '../../components/chip';
import { Notice } from '../../components/notice';
import { Table } from '../../components/table';
import { durationText, Time } from '../../components/time';
import { hrefOf } from '../../routing/route';

const SHOWN = 30;
const DRAW_MS = 250;

interface Row extends LiveAttempt {
  readonly id: string;
}

export function LiveTail() {
  const [paused, setPaused] = useState(false);
  const [rows, setRows] = useState<readonly Row[]>([]);
  const [count, setCount] = useState(0);
  const [problem, setProblem] = useState<string>();
  const waiting = useRef<Row[]>([]);
  const { nameOf } = useWebhookNames();

  useEffect(() => {
    if (paused) return;
    const controller = new AbortController();
    let seen = 0;
    void follow(
      'attempts',
      {
        onEvent: ({ id, data }) => {
          seen += 1;
          waiting.current.push({ ...(data as LiveAttempt), id });
          if (waiting.current.length > SHOWN) waiting.current.shift();
        },
        onState: setProblem,
      },
      controller.signal,
    );
    const timer = setInterval(() => {
      const fresh = waiting.current.splice(0).reverse();
      if (fresh.length === 0) return;
      setRows((before) => [...fresh, ...before].slice(0, SHOWN));
      setCount((before) => before + seen);
      seen = 0;
    }, DRAW_MS);
    return () => {
      clearInterval(timer);
      controller.abort();
    };
  }, [paused]);

  return (
    <section class="stack" aria-label="Live">
      <div class="row spread">
        <h2>
          Live <span class="muted">{count > 0 && `${count.toLocaleString()} attempts since you came`}</span>
        </h2>
        <Button pressed={paused} onClick={() => setPaused(!paused)}>
          {paused ? 'Go on' : 'Pause'}
        </Button>
      </div>
      {problem && <Notice tone="warn">{problem}</Notice>}
      {rows.length === 0 ? (
        <p class="muted">{paused ? 'Paused.' : 'Attempts appear here as they happen.'}</p>
      ) : (
        <Table
          caption="Attempts as they happen"
          rows={rows}
          idOf={({ id }) => id}
          hrefOf={({ deliveryId }) => hrefOf(`deliveries/${deliveryId}`)}
          columns={[
            { title: 'Event', cell: ({ event }) => event },
            {
              title: 'Outcome',
              cell: ({ outcome }) => <Chip tone={outcome === 'success' ? 'good' : 'bad'}>{words(outcome)}</Chip>,
            },
            { title: 'HTTP', numeric: true, cell: ({ httpStatus }) => httpStatus ?? '–' },
            { title: 'Took', numeric: true, cell: ({ durationMs }) => durationText(durationMs) },
            { title: 'Attempt', numeric: true, minor: true, cell: ({ number }) => number },
            { title: 'Webhook', minor: true, cell: ({ webhookId }) => nameOf(webhookId) },
            { title: 'Started', cell: ({ startedAt }) => <Time at={startedAt} /> },
          ]}
        />
      )}
    </section>
  );
}
