// Who is signed in, and which parts of the page that opens.
import { apiUrl, open } from '../api/client';
import type { Me } from '../api/types';

/** @param key - One that is only being tried. */
export async function whoAmI(signal?: AbortSignal, key?: string): Promise<Me> {
  const headers = key === undefined ? undefined : { Authorization: `Bearer ${key}` };
  const response = await open('GET', apiUrl('me'), { headers, signal });
  return (await response.json()) as Me;
}

/** As the API judges it: a `:write` includes the `:read` of the same noun, and `admin` everything. */
export const mayDo = ({ scopes }: Me, scope: string): boolean =>
  scopes.includes('admin') || scopes.includes(scope) || scopes.includes(scope.replace(/:read$/, ':write'));

/** Whether a part of the page is shown: a portal link names those it opens. */
export const seesSection = ({ portal }: Me, section: string): boolean => !portal || portal.sections.includes(section);
