export { PosthornApiError, PosthornClient } from './client.js';
export type { AnswerOf, InputOf, ItemOf, ListRoute, PosthornClientOptions, RequestOptions, Route } from './client.js';
export type * from './routes.js';
