// Tells the TypeORM command line where our tables are, for those who migrate before they deploy: npm run migration:run.
// The server needs none of this: it migrates by itself at start.
import 'reflect-metadata';
import { dataSourceOptions } from './src/persistence.js';
import { environmentInput, serverEnvironment, SettingsError } from './src/platform/config/index.js';
import { PosthornDataSource } from './src/platform/database/index.js';

const { databaseUrl, databaseSchema } = environmentInput(serverEnvironment());
if (!databaseUrl) throw new SettingsError('DATABASE_URL must say which PostgreSQL to migrate.');

export default new PosthornDataSource(dataSourceOptions({ url: databaseUrl }, databaseSchema || undefined));
