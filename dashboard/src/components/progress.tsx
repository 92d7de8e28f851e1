interface Props {
  readonly done: number;
  readonly of: number;
  readonly label: string;
}

/** How far something is, in numbers too. */
export const Progress = ({ done, of, label }: Props) => (
  <div class="progress">
    <progress value={done} max={Math.max(of, 1)} aria-label={label} />
    <span>
      {done.toLocaleString()} of {of.toLocaleString()}
    </span>
  </div>
);
