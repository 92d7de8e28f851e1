import { Empty } from '../../components/empty';
import { PageHead } from '../../components/page-head';

export default function Deliveries() {
  return (
    <>
      <PageHead title="Deliveries" />
      <Empty title="Nothing here yet" />
    </>
  );
}
