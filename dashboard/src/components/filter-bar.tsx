// What narrows a list down: filters of its own, the time, and a way to be rid of them all. They stand in the address.
import type { ComponentChildren } from 'preact';
import { go, refine } from '../routing/route';
import { instantOfLocal, localText, spanOf } from '../routing/time-range';
import { Button } from './button';
import { TextField } from './fields';
import { TimeRange } from './time-range';

interface Props {
  readonly label: string;
  readonly params: URLSearchParams;
  /** Where the list is, without filters. */
  readonly path: string;
  readonly narrowed: boolean;
  /** Filters of its own. */
  readonly children: ComponentChildren;
}

export const FilterBar = ({ label, params, path, narrowed, children }: Props) => (
  <div class="filters" role="search" aria-label={label}>
    {children}
    <TimeRange params={params} />
    <TextField
      label="Jump to"
      type="datetime-local"
      value={localText(spanOf(params).until)}
      onValue={(text) => refine({ until: instantOfLocal(text), range: undefined })}
    />
    {narrowed && <Button onClick={() => go(path)}>Clear</Button>}
  </div>
);
