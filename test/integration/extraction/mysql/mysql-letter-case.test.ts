import { describe, expect, it } from 'vitest';
import { FLAVORS } from '../../../support/mysql-catalog/create.ts';
import { extractMysql } from '../../../support/mysql-catalog/extract.ts';
import { startMysql } from '../../../support/servers/mysql-server.ts';

describe.each(FLAVORS)('a catalog of %s with names in lower case only', (flavor) => {
  it('is read as the server shows it', async () => {
    await using server = await startMysql({ flavor, settings: { lower_case_table_names: '1' } });
    await server.query(`CREATE DATABASE Shop; CREATE DATABASE \`sýs\`; CREATE DATABASE MySQL_2; CREATE TABLE Shop.Orders (Id INT PRIMARY KEY);
      CREATE TABLE shop.ITEMS (Id INT PRIMARY KEY, Of_Order INT, FOREIGN KEY (OF_ORDER) REFERENCES SHOP.orders (ID));
      CREATE VIEW shop.Both_Of_Them AS SELECT Orders.Id FROM Shop.Orders JOIN Shop.Items ON Of_Order = Orders.Id;
      CREATE PROCEDURE Shop.Do_It() SELECT 1`);
    await using catalog = await extractMysql(server, {
      filters: {
        include: { def: ['^shop$', '(?i).*(s.s|schema|mysql).*'] },
        exclude: {},
        tempTableRegex: '',
      },
    });
    expect(catalog.pathsOf('Schema')).toEqual(['mysql_2', 'shop', 'sýs']);
    expect(catalog.pathsOf('Column')).toEqual([
      'shop/both_of_them/Id',
      'shop/items/Id',
      'shop/items/Of_Order',
      'shop/orders/Id',
    ]);
    expect(catalog.get('View', 'shop/both_of_them')?.attributes).toHaveProperty('definition');
    expect(catalog.get('Column', 'shop/items/Of_Order')?.attributes).toMatchObject({ isForeign: true });
    expect(catalog.pathsOf('Procedure')).toEqual(['shop/_procedures_/Do_It']);
  });
});
