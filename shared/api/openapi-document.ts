import { OpenAPIHono, type RouteConfig } from '@hono/zod-openapi';
import { routes } from './routes.ts';

/**
 * The OpenAPI 3.1 document of the API: openapi.json.
 *
 * @param others routes that the same listener answers
 */
export function openApiDocument(others: readonly RouteConfig[]): object {
  const described = new OpenAPIHono();
  for (const route of [...routes, ...others]) described.openAPIRegistry.registerPath(route);
  described.openAPIRegistry.registerComponent('securitySchemes', 'sigv4', {
    type: 'apiKey',
    name: 'Authorization',
    in: 'header',
    description: 'AWS Signature Version 4, service execute-api: curl --aws-sigv4.',
    'x-amazon-apigateway-authtype': 'awsSigv4',
  });
  described.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
    description: 'Behind ferry serve: the token of FERRY_API_TOKEN or --api-token-file.',
  });
  return described.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Ferry',
      version: '1',
      description:
        'Jobs and their runs; every error is application/problem+json (RFC 9457). And the REST API of Atlan’s Postgres app, below /workflows/v1, with errors in its own form.',
      license: { name: 'MIT' },
    },
    servers: [
      {
        url: 'https://{api}.execute-api.{region}.amazonaws.com/v1',
        description: 'The output ApiUrl of the stack.',
        variables: { api: { default: 'id' }, region: { default: 'eu-central-1' } },
      },
      { url: 'http://127.0.0.1:8000', description: 'ferry serve.' },
    ],
    security: [{ sigv4: [] }, { token: [] }],
  });
}
