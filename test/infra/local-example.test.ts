import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

interface Service {
  profiles?: string[];
  build?: string;
  image: string;
  ports: string[];
  environment?: Record<string, string>;
  volumes: string[];
  command?: string[];
  healthcheck?: { test: string[]; retries: number };
}
const { services } = parse(read('docker-compose.yml')) as { services: Record<string, Service> };
const config = parse(read('examples/local/ferry.yaml'));
const secrets = JSON.parse(read('examples/local/secrets.json'));
const standIn = services.polyteia?.command?.join('\n') ?? '';

describe.each(Object.entries(services))('the service %s of docker-compose.yml', (_name, service) => {
  it('has a pinned version', () => {
    const image = service.image.replace(/^\$\{\w+:-(.*)\}$/, '$1');
    expect(image).toMatch(/^[a-z/]+:\d+[\w.-]*$/);
  });

  it('is only reachable from this machine', () => {
    expect(service.ports.length).toBeGreaterThan(0);
    for (const port of service.ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  it('reports when it is ready', () => {
    expect(service.healthcheck?.test.length).toBeGreaterThan(1);
  });

  it('mounts files that exist', () => {
    const own = service.volumes.map((volume) => volume.split(':')[0] ?? '');
    for (const path of own.filter((path) => path.startsWith('./examples'))) {
      expect(existsSync(fileURLToPath(new URL(path, root))), path).toBe(true);
    }
  });
});

describe('the service ferry', () => {
  const { ferry } = services;

  it('only starts when asked for, on a base that the image supports', () => {
    expect(ferry).toMatchObject({ profiles: ['serve'], build: '.', read_only: true, cap_drop: ['ALL'] });
    expect(read('Dockerfile')).toContain('/folder/.ferry');
    expect(ferry?.volumes).toContain('state:/ferry/.ferry');
  });

  it('has the configuration and the secrets of the example, and an API for those who know its token', () => {
    expect(ferry?.volumes).toContain('.:/project:ro');
    const {
      FERRY_CONFIG = '',
      FERRY_SECRETS = '',
      FERRY_API_TOKEN,
      FERRY_API_HOST,
    } = ferry?.environment ?? {};
    for (const path of [FERRY_CONFIG, FERRY_SECRETS])
      expect(read(path.replace('/project/', ''))).toBeTruthy();
    expect([FERRY_API_HOST, FERRY_API_TOKEN]).toEqual(['0.0.0.0', 'local-only']);
  });
});

describe('examples/local fits docker-compose.yml', () => {
  it('the source stadt', () => {
    const { host, database, auth } = config.sources.stadt;
    expect(services[host]?.environment?.POSTGRES_DB).toBe(database);
    const { username, password } = secrets[auth.secret];
    // The sample data makes the role, a file of the example gives it its password.
    expect(read('examples/demo/sample-data.sql')).toContain(`CREATE ROLE ${username} LOGIN;`);
    expect(read('examples/local/stadt-login.sql')).toBe(`ALTER ROLE ${username} PASSWORD '${password}';\n`);
  });

  it('the source shop', () => {
    const { host, database, auth } = config.sources.shop;
    const { username, password } = secrets[auth.secret];
    expect(services[host]?.environment).toMatchObject({
      MYSQL_DATABASE: database,
      MYSQL_USER: username,
      MYSQL_PASSWORD: password,
    });
  });

  it('the stand-in for Polyteia: its address, certificate, key and datasets', () => {
    const { hostname, port, protocol } = new URL(config.polyteia.default.baseUrl);
    expect(protocol).toBe('https:');
    expect(services[hostname]?.command).toBeDefined();
    expect(standIn).toContain(`subjectAltName=DNS:${hostname}`);
    expect(standIn).toContain(`--port ${port} `);
    expect(standIn).toContain(`--key ${secrets[config.polyteia.default.token]} `);
    for (const { dataset } of Object.values<{ dataset: string }>(config.syncs))
      expect(standIn).toMatch(new RegExp(`--dataset ${dataset}\\b`));
    const certificate = new URL(config.extraCa, new URL('examples/local/ferry.yaml', root));
    expect(certificate.pathname).toBe(new URL('.ferry/local/polyteia.crt', root).pathname);
    expect(services.polyteia?.volumes).toContain('./.ferry/local:/certificate');
  });
});
