import type { EntityForm } from '../../source/catalog/catalog.ts';
import type { EntityFolder } from '../../source/catalog/entity-folders.ts';
import type { EntityKind } from './entity-kind.ts';
import { mysqlKinds } from './mysql/mysql-kinds.ts';
import { postgresKinds } from './postgres/postgres-kinds.ts';

const forms: Readonly<Record<EntityForm, Readonly<Record<EntityFolder, EntityKind>>>> = {
  postgres: postgresKinds,
  mysql: mysqlKinds,
};

/** How raw rows become entities in the form of one of Atlan's apps. */
export const entityKindsOf = (form: EntityForm) => forms[form];
