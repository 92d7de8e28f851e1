// Deliveries: the log, one of them, or one event and whom it reached.
import type { PageProps } from '..';
import './deliveries.css';
import { DeliveryList } from './delivery-list';
import { DeliveryView } from './delivery-view';
import { EventPage } from './event-page';

export default function Deliveries(props: PageProps) {
  const [first, second] = props.rest;
  if (first === 'event' && second) return <EventPage key={second} id={second} />;
  return first ? <DeliveryView key={first} id={first} {...props} /> : <DeliveryList {...props} />;
}
