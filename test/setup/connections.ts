// Connections of a test file to its databases, closed together at its end.
import pg from 'pg';
import { dataSourceOptions } from '../../src/persistence.js';
import { PosthornDataSource } from '../../src/platform/database/index.js';

export class Connections {
  private readonly open: { end(): Promise<void> }[] = [];

  async connect(url: string): Promise<pg.Client> {
    const client = new pg.Client(url);
    client.on('error', () => undefined);
    await client.connect();
    this.open.push(client);
    return client;
  }

  async dataSource(url: string): Promise<PosthornDataSource> {
    const dataSource = await new PosthornDataSource(dataSourceOptions({ url })).initialize();
    this.open.push({ end: () => dataSource.destroy() });
    return dataSource;
  }

  async close(): Promise<void> {
    await Promise.all(this.open.map((connection) => connection.end()));
  }
}
