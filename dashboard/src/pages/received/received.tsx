// What came in: the log of it, one event, and the sources that it came through.
import type { PageProps } from '..';
import { CreateSource } from './create-source';
import { ReceivedList } from './received-list';
import { ReceivedView } from './received-view';
import { SourceList } from './source-list';
import { SourceView } from './source-view';
import './received.css';

export default function Received(props: PageProps) {
  const [first, second] = props.rest;
  if (first === undefined) return <ReceivedList {...props} />;
  if (first === 'add-source') return <CreateSource />;
  if (first !== 'sources') return <ReceivedView key={first} id={first} {...props} />;
  return second ? <SourceView key={second} name={second} {...props} /> : <SourceList {...props} />;
}
