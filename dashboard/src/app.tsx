// Signed in or not: the shell, or the sign-in.
import { useEffect, useState } from 'preact/hooks';
import { session } from './session/session';
import { SignIn } from './session/sign-in';
import { Shell } from './shell/shell';

export function App() {
  const [current, setCurrent] = useState(session.current);
  useEffect(() => session.onChange(() => setCurrent(session.current)), []);
  if (current.key === undefined) return <SignIn notice={current.notice} />;
  // Another tenant is another world: nothing of the one before may stay.
  return <Shell key={`${current.key} ${current.tenant ?? ''}`} />;
}
