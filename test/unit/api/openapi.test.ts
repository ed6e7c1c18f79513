import { readFile } from 'node:fs/promises';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { openApiDocument } from '../../../shared/api/openapi-document.ts';
import { routes } from '../../../shared/api/routes.ts';
import { atlanRoutes } from '../../../shared/atlan/atlan-routes.ts';

const stored = async () =>
  JSON.parse(await readFile(new URL('../../../openapi.json', import.meta.url), 'utf8'));

describe('openapi.json', () => {
  it('matches the routes (npm run schema writes it)', async () => {
    expect(await stored()).toEqual(JSON.parse(JSON.stringify(openApiDocument(atlanRoutes))));
  });

  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    expect(await validator.validate(await stored())).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
    const { paths, ...rest } = await stored();
    expect((await new Validator().validate({ ...rest, paths: { jobs: paths['/jobs'] } })).valid).toBe(false);
  });

  it('has a problem for every failure of every route, and requires a signature for all but liveness', async () => {
    const { paths, security } = await stored();
    expect(security).toEqual([{ sigv4: [] }, { token: [] }]);
    for (const { path, method } of routes) {
      const { responses, security: own } = paths[path][method];
      expect(own, path).toEqual(path === '/healthz' ? [] : undefined);
      for (const [status, { content }] of Object.entries<{ content: object }>(responses))
        expect(Object.keys(content)).toEqual([
          Number(status) < 400 ? 'application/json' : 'application/problem+json',
        ]);
    }
  });
});
