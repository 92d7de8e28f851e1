import { Global, Module } from '@nestjs/common';
import { HubSettings } from './hub-settings.js';
import { Mesh } from './mesh.js';
import { Pager } from './pager.js';
import { Vault } from './vault.js';

/** What the company's applications share. */
@Global()
@Module({ providers: [HubSettings, Mesh, Pager, Vault], exports: [HubSettings, Mesh, Pager, Vault] })
export class CompanyModule {}
