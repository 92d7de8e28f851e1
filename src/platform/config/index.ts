export type { AutoDisableRule } from './kinds.js';
export { CONNECTION_TOKEN, SETTINGS_TOKEN, SettingsModule } from './settings.module.js';
export type { PosthornAsyncOptions, PosthornOptions } from './settings.module.js';
export { readEnvironment, readSettings, SETTINGS, SettingsError } from './settings.js';
export type { Settings, SettingsInput } from './settings.js';
