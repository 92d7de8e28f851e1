// The catalogue of event types: all of them, one of them, a new one.
import type { PageProps } from '..';
import { CreateType, EditType } from './edit-type';
import { ImportTypes } from './import-types';
import { TypeList } from './type-list';
import { TypeView } from './type-view';

export default function EventTypes(props: PageProps) {
  const [verb, name] = props.rest;
  if (verb === 'add') return <CreateType />;
  if (verb === 'import') return <ImportTypes />;
  if (verb === 'edit' && name) return <EditType key={name} name={name} />;
  return verb === 'type' && name ? <TypeView key={name} name={name} {...props} /> : <TypeList {...props} />;
}
