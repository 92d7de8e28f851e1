// The transactions that transactional handlers run in: of the application's own data source, where its entities are known.
import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { getDataSourceToken, InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { DATA_SOURCE } from '../platform/database/index.js';

@Injectable()
export class HandlerTransactions {
  constructor(
    private readonly modules: ModuleRef,
    @InjectDataSource(DATA_SOURCE) private readonly own: DataSource,
  ) {}

  /**
   * Refuses what could only fail later.
   *
   * @param which - `true` for the application's default data source, else a name.
   * @throws Error when there is no such data source, or it is not PostgreSQL.
   */
  expect(which: true | string, handler: string): void {
    const found = this.find(which);
    if (found?.options.type === 'postgres') return;
    const problem = found ? 'is not PostgreSQL' : 'is not in this application';
    throw new Error(`The data source of the transactional webhook handler ${handler} ${problem}.`);
  }

  /** Runs `work` in one transaction; an error rolls it back and is thrown on. */
  async run<Result>(which: true | string, work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    const dataSource = this.find(which);
    if (!dataSource) throw new Error(`There is no data source called ${which}.`);
    return dataSource.transaction(work);
  }

  private find(which: true | string): DataSource | undefined {
    const named = this.lookUp(which === true ? undefined : which);
    return named ?? (which === true ? this.own : undefined);
  }

  private lookUp(name?: string): DataSource | undefined {
    try {
      return this.modules.get<DataSource>(getDataSourceToken(name), { strict: false });
    } catch {
      // Nest's way of saying that there is none.
      return undefined;
    }
  }
}
