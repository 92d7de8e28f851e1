// One attempt: how long it took, what was asked, and what came back.
import type { Attempt, Headers } from '../../api/types';
import { Body } from '../../components/body';
import { headerLines } from './as-sent';
import { Timing } from './timing';

export const AttemptDetail = ({ attempt: { timing, request, response } }: { readonly attempt: Attempt }) => (
  <>
    {timing && <Timing timing={timing} />}
    <HeaderList title="Request" headers={request.headers}>
      POST {request.url ?? '(no request was made)'}
    </HeaderList>
    {response && (
      <>
        <HeaderList title="Answer" headers={response.headers} />
        <Body title="Body of the answer" text={response.body} />
      </>
    )}
  </>
);

interface Props {
  readonly title: string;
  readonly headers: Headers;
  readonly children?: preact.ComponentChildren;
}

const HeaderList = ({ title, headers, children }: Props) => (
  <details class="panel" open>
    <summary>
      <h2>{title}</h2>
    </summary>
    {children && <p class="mono request-line">{children}</p>}
    <dl class="facts mono">
      {headerLines(headers).map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
  </details>
);
