const SOURCE_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** What a source's name looks like, for documentation. */
export const SOURCE_NAME_PATTERN = SOURCE_NAME.source;

/** True for what may name a source: it stands in the URL that its sender calls. */
export const isSourceName = (text: unknown): text is string => typeof text === 'string' && SOURCE_NAME.test(text);
