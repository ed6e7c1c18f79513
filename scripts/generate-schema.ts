// Writes ferry.schema.json, by which editors complete and check ferry.yaml, and openapi.json, which describes the API:
// npm run schema
import { writeFile } from 'node:fs/promises';
import { openApiDocument } from '../shared/api/openapi-document.ts';
import { atlanRoutes } from '../shared/atlan/atlan-routes.ts';
import { configJsonSchema } from '../shared/config/schema/json-schema.ts';

for (const [name, document] of Object.entries({
  'ferry.schema.json': configJsonSchema(),
  'openapi.json': openApiDocument(atlanRoutes),
})) {
  await writeFile(new URL(`../${name}`, import.meta.url), `${JSON.stringify(document, null, 2)}\n`);
}
