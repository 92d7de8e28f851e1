import { Empty } from '../../components/empty';
import { PageHead } from '../../components/page-head';

export default function Overview() {
  return (
    <>
      <PageHead title="Overview" />
      <Empty title="Nothing here yet" />
    </>
  );
}
