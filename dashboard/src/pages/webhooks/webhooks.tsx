import { Empty } from '../../components/empty';
import { PageHead } from '../../components/page-head';

export default function Webhooks() {
  return (
    <>
      <PageHead title="Webhooks" />
      <Empty title="Nothing here yet" />
    </>
  );
}
