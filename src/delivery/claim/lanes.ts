// The lanes of ordered webhooks: deliveries in one lane are sent one after the other.

/** The smallest bigint, which no lane is. */
export const BEFORE_LANES = '-9223372036854775808';
const FIRST_LANE = '-9223372036854775807';

/**
 * SQL: the lane of a delivery to `webhook`, of an event with this ordering key. A hash, so that the index of lanes is
 * small: two keys that share one are sent in order with each other, which breaks no promise. All events without a key
 * share a lane; deliveries of a webhook that is not ordered have none.
 */
export const laneOf = (webhook: string, key: string): string =>
  `CASE WHEN ${webhook}.ordered THEN coalesce(greatest(hashtextextended(${key}, 0), ${FIRST_LANE}), 0) END`;

/**
 * SQL: whether a delivery is in its lane; to the letter as in the index delivery_lane. One that is to be delivered later is not in
 * it, and joins when its time has come, at the place of its event. The coalesce keeps PostgreSQL from guessing by its statistics
 * how many there are: by old ones it would expect none, and sort a hundred thousand instead of walking the index.
 */
export const inLane = (d: string): string =>
  `coalesce(${d}.lane IS NOT NULL AND ${d}.status IN ('pending', 'sending', 'retrying') AND (${d}.status <> 'retrying' OR ${d}.attempt_count > 0), false)`;

/**
 * SQL: the order in a lane, as in the index delivery_lane. What is being sent comes first, so that a lane's head tells
 * whether it is free, even where an older delivery was retried by hand. Then by event; a replay has a place of its own,
 * behind what waited when it was made.
 */
export const laneOrder = (d: string): string =>
  `(${d}.status <> 'sending'), (CASE WHEN ${d}.replay_of IS NULL THEN ${d}.event_id ELSE ${d}.id END)`;
