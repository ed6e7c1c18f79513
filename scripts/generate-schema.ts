// Writes ferry.schema.json, by which editors complete and check ferry.yaml: npm run schema
import { writeFile } from 'node:fs/promises';
import { configJsonSchema } from '../shared/config/json-schema.ts';

await writeFile(
  new URL('../ferry.schema.json', import.meta.url),
  `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
);
