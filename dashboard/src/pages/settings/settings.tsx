// Settings: who may do what, and who did.
import type { ComponentType } from 'preact';
import type { PageProps } from '..';
import type { Me } from '../../api/types';
import { Empty } from '../../components/empty';
import { hrefOf } from '../../routing/route';
import { mayDo } from '../../session/me';
import { ApiKeys } from './api-keys';
import { AuditLog } from './audit-log';
import { Encryption } from './encryption';
import { PortalLinks } from './portal-links';
import { Queues } from './queues';
import './settings.css';
import { Storage } from './storage';
import { Tenants } from './tenants';

interface Part {
  readonly path: string;
  readonly title: string;
  readonly isFor: (me: Me) => boolean;
  readonly Shown: ComponentType<PageProps>;
}

const PARTS: readonly Part[] = [
  { path: 'api-keys', title: 'API keys', isFor: (me) => mayDo(me, 'keys:write'), Shown: ApiKeys },
  { path: 'portal', title: 'Portal links', isFor: (me) => mayDo(me, 'keys:write'), Shown: PortalLinks },
  { path: 'audit-log', title: 'Audit log', isFor: (me) => mayDo(me, 'admin'), Shown: AuditLog },
  { path: 'tenants', title: 'Tenants', isFor: ({ installation }) => installation, Shown: Tenants },
  { path: 'encryption', title: 'Encryption', isFor: ({ installation }) => installation, Shown: Encryption },
  { path: 'queues', title: 'Queues', isFor: ({ installation }) => installation, Shown: Queues },
  { path: 'storage', title: 'Storage', isFor: ({ installation }) => installation, Shown: Storage },
];

export default function Settings(props: PageProps) {
  const parts = PARTS.filter(({ isFor }) => isFor(props.me));
  const part = parts.find(({ path }) => path === (props.rest[0] ?? parts[0]?.path));
  return (
    <>
      <nav class="parts" aria-label="Settings">
        {parts.map(({ path, title }) => (
          <a key={path} href={hrefOf(`settings/${path}`)} aria-current={path === part?.path ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
      {part ? (
        <part.Shown key={part.path} {...props} />
      ) : (
        <Empty title="This key does not open this page">The administrator’s does.</Empty>
      )}
    </>
  );
}
