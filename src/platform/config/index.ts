export { CONNECTION_TOKEN, OPTIONS_TOKEN, settingsOf, SETTINGS_TOKEN, SettingsModule } from './settings.module.js';
export type { PosthornAsyncOptions, PosthornOptions } from './settings.module.js';
export type { DeclaredSource } from './kinds.js';
export { environmentInput, readEnvironment, readSettings, SettingsError } from './settings.js';
export { SETTINGS } from './settings-table.js';
export type { Settings, SettingsInput } from './settings.js';
export { generatedKeys } from './generated-keys.js';
export { serverEnvironment } from './environment.js';
