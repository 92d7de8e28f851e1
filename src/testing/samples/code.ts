// Samples of those who tell of code: repositories, builds, errors, issues.
import { inBody } from './sample.js';
import type { SampleMaker, SampleOf } from './sample.js';

const REPOSITORY = { id: 1_296_269, name: 'shop', full_name: 'acme/shop', private: true, default_branch: 'main' };

/** Under which name GitHub puts what an event is about, where it is not the event's own. */
const GITHUB_SUBJECTS: Readonly<Record<string, string>> = {
  issues: 'issue',
  issue_comment: 'comment',
  pull_request_review: 'review',
};

const push = (of: SampleOf): object => ({
  ref: 'refs/heads/main',
  before: of.id(),
  after: of.id(),
  commits: [{ id: of.id(), message: 'Ship it', timestamp: of.iso, author: { name: 'Ada', email: 'ada@example.com' } }],
});

const github: SampleMaker = (of) => {
  const [event, action] = of.halves;
  const subject = {
    id: of.number(),
    number: 7,
    title: 'Ship it',
    state: 'open',
    html_url: 'https://github.com/acme/shop',
  };
  return {
    headers: { 'x-github-event': event, 'x-github-delivery': of.uuid(), 'user-agent': 'GitHub-Hookshot/sample' },
    body: {
      ...(action !== undefined && { action }),
      ...(event === 'push' ? push(of) : { [GITHUB_SUBJECTS[event] ?? event]: subject }),
      repository: REPOSITORY,
      sender: { id: 1, login: 'ada' },
    },
  };
};

const gitlab: SampleMaker = (of) => {
  const [kind, action] = of.halves;
  const words = kind.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return {
    headers: {
      'x-gitlab-event': `${words.join(' ')} Hook`,
      'x-gitlab-event-uuid': of.uuid(),
      'idempotency-key': of.uuid(),
    },
    body: {
      object_kind: kind,
      ...(kind === 'push' ? { event_name: kind, ...push(of) } : {}),
      user: { id: 1, username: 'ada' },
      project: { id: 15, name: 'shop', path_with_namespace: 'acme/shop' },
      ...(action !== undefined && { object_attributes: { id: of.number(), iid: 7, title: 'Ship it', action } }),
    },
  };
};

const bitbucket: SampleMaker = (of) => ({
  headers: { 'x-event-key': of.type, 'x-request-uuid': of.uuid(), 'x-hook-uuid': of.uuid() },
  body: {
    actor: { display_name: 'Ada', type: 'user' },
    repository: { type: 'repository', name: 'shop', full_name: 'acme/shop' },
  },
});

const linear: SampleMaker = (of) => {
  const [type, action] = of.halves;
  return {
    headers: { 'linear-event': type, 'linear-delivery': of.uuid() },
    body: {
      ...(action !== undefined && { action }),
      type,
      createdAt: of.iso,
      organizationId: of.uuid(),
      data: { id: of.uuid(), title: 'Ship it', number: 7 },
      // Signed with the body, and refused when it is more than a minute old.
      webhookTimestamp: of.ms,
      webhookId: of.uuid(),
    },
  };
};

const sentry: SampleMaker = (of) => {
  const [resource, action] = of.halves;
  return {
    headers: {
      'sentry-hook-resource': resource,
      'sentry-hook-timestamp': String(of.seconds),
      'request-id': of.uuid(),
    },
    body: {
      ...(action !== undefined && { action }),
      data: { [resource]: { id: String(of.number()), title: 'TypeError: undefined is not a function' } },
      installation: { uuid: of.uuid() },
      actor: { type: 'application', id: 'sentry', name: 'Sentry' },
    },
  };
};

export const CODE_SAMPLES = {
  github,
  gitlab,
  bitbucket,
  linear,
  sentry,
  vercel: inBody((of) => ({
    id: of.id('evt_'),
    type: of.type,
    createdAt: of.ms,
    region: 'sfo1',
    payload: { team: { id: of.id('team_') }, deployment: { id: of.id('dpl_'), name: 'shop' }, target: 'production' },
  })),
  pagerduty: inBody((of) => ({
    event: {
      id: of.id(),
      event_type: of.type,
      resource_type: of.type.split('.')[0],
      occurred_at: of.iso,
      data: {
        id: of.id(),
        type: of.type.split('.')[0],
        title: 'The shop is down',
        status: 'triggered',
        urgency: 'high',
      },
    },
  })),
};
