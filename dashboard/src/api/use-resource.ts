// What a component shows of the API: asked for again when what it depends on changes, and the old answer stays until the
// new one is there, so that nothing flickers.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, sentenceOf } from './client';

export interface Resource<Value> {
  readonly value: Value | undefined;
  /** Why there is none, as a sentence. */
  readonly error: string | undefined;
  /** The status of that refusal; 0 without one. */
  readonly status: number;
  readonly loading: boolean;
  /** Asks again. */
  readonly reload: () => void;
  /** Puts what another answer said in its place. */
  readonly set: (value: Value) => void;
}

interface Options {
  /** Asks again every so many milliseconds, while the page can be seen. */
  readonly everyMs?: number;
}

/** @param load - Asked again whenever one of `deps` changes; `undefined` in its place: nothing to ask yet. */
export function useResource<Value>(
  load: ((signal: AbortSignal) => Promise<Value>) | undefined,
  deps: readonly unknown[],
  { everyMs }: Options = {},
): Resource<Value> {
  const [state, setState] = useState<{ value?: Value; error?: string; status: number; loading: boolean }>({
    status: 0,
    loading: load !== undefined,
  });
  const [round, setRound] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const asking = useRef(false);

  useEffect(() => {
    const ask = latest.current;
    if (!ask) return;
    const controller = new AbortController();
    asking.current = true;
    setState((before) => ({ ...before, loading: true }));
    ask(controller.signal).then(
      (value) => {
        if (controller.signal.aborted) return;
        asking.current = false;
        setState({ value, status: 0, loading: false });
      },
      (error: unknown) => {
        if (controller.signal.aborted) return;
        asking.current = false;
        const status = error instanceof ApiError ? error.status : 0;
        setState((before) => ({ value: before.value, error: sentenceOf(error), status, loading: false }));
      },
    );
    return () => controller.abort();
  }, [...deps, round]);

  const reload = useCallback(() => setRound((n) => n + 1), []);
  useEffect(() => {
    if (!everyMs) return;
    // Asking again lets go of the question before: a slow server would never be heard out.
    const timer = setInterval(() => document.visibilityState === 'visible' && !asking.current && reload(), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, reload]);

  const set = useCallback((value: Value) => setState({ value, status: 0, loading: false }), []);
  return { value: state.value, error: state.error, status: state.status, loading: state.loading, reload, set };
}
