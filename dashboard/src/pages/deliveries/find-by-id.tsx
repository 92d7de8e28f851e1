// From an id that somebody sent to what it is the id of: a delivery, or an event.
import { useState } from 'preact/hooks';
import { api, ApiError, sentenceOf } from '../../api/client';
import { go } from '../../routing/route';

export function FindById() {
  const [id, setId] = useState('');
  const [problem, setProblem] = useState<string>();
  const find = async (event: Event): Promise<void> => {
    event.preventDefault();
    const given = encodeURIComponent(id.trim());
    if (given === '') return;
    try {
      if (await exists(`deliveries/${given}`)) return go(`deliveries/${given}`);
      if (await exists(`events/${given}`)) return go(`deliveries/event/${given}`);
      setProblem('Neither a delivery nor an event has this id.');
    } catch (error) {
      setProblem(sentenceOf(error));
    }
  };
  return (
    <form class="find" role="search" onSubmit={(event) => void find(event)}>
      <input
        aria-label="Find by id"
        aria-invalid={problem ? true : undefined}
        placeholder="Id of a delivery or event"
        value={id}
        onInput={({ currentTarget }) => {
          setId(currentTarget.value);
          setProblem(undefined);
        }}
      />
      {problem && (
        <p class="error" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

async function exists(path: string): Promise<boolean> {
  try {
    await api.get(path);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false;
    throw error;
  }
}
