import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { AwsIdentity } from '../../../shared/source/credentials/aws-identity.ts';
import { createAwsIdentity } from '../../../shared/source/credentials/create-aws-identity.ts';
import { makeCertificates } from '../../support/network/certificates.ts';
import { type ConnectProxy, startConnectProxy } from '../../support/network/connect-proxy.ts';

// Where nothing but the proxy leads out of the network, STS is reached by it too.

const REGION = 'eu-central-1';
const STS = `sts.${REGION}.amazonaws.com`;
const ROLE = 'arn:aws:iam::444455556666:role/reader';
const SESSION = { accessKeyId: 'ASIASESSION', secretAccessKey: 'geheim', sessionToken: 'sitzung' };

let sts: Server;
let proxy: ConnectProxy;
let folder: string;
let open: () => AwsIdentity;
beforeAll(async () => {
  const { authority, server } = await makeCertificates({ server: { hosts: [STS], days: 30 } });
  sts = createServer(server, (request, response) => {
    request.resume();
    response.end(
      `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>${SESSION.accessKeyId}</AccessKeyId><SecretAccessKey>${SESSION.secretAccessKey}</SecretAccessKey><SessionToken>${SESSION.sessionToken}</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
    );
  }).listen(0, '127.0.0.1');
  await once(sts, 'listening');
  proxy = await startConnectProxy({ resolve: { [`${STS}:443`]: (sts.address() as AddressInfo).port } });
  folder = await mkdtemp(join(tmpdir(), 'ferry sts ü '));
  open = () => createAwsIdentity({ outgoing: { proxy: proxy.url, extraCa: authority.cert }, region: REGION });
});
afterEach(() => {
  vi.unstubAllEnvs();
});
afterAll(async () => {
  sts.close();
  sts.closeAllConnections();
  await proxy.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('STS behind a proxy', () => {
  it.each([
    [
      'the role of a source',
      (identity: AwsIdentity) =>
        identity.assumeRole({ roleArn: ROLE, sessionName: 'ferry-orders-1', region: REGION }),
    ],
    // Of anyone who is signed in on a laptop.
    ['the role of a profile', (identity: AwsIdentity) => identity.ownKeys(REGION)],
  ])('returns keys of %s', async (what, keysOf) => {
    const config = join(folder, 'config');
    await writeFile(
      config,
      `[default]\nregion = ${REGION}\nrole_arn = ${ROLE}\nsource_profile = keys\n[profile keys]\naws_access_key_id = AKIAKEYS\naws_secret_access_key = geheim\n`,
    );
    vi.stubEnv('AWS_CONFIG_FILE', config);
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'none'));
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_ENDPOINT_URL'])
      vi.stubEnv(name, undefined);
    if (what === 'the role of a source') {
      vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAKEYS');
      vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'geheim');
    }
    const before = proxy.targets.length;
    expect(await keysOf(open())).toMatchObject(SESSION);
    expect(proxy.targets.slice(before)).toEqual([`${STS}:443`]);
    expect(proxy.others).toEqual([]);
  });
});
