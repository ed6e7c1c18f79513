import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { clientSettings } from '../../../functions/client-settings.ts';

it('gives up on a service that accepts the request and never answers', async () => {
  const silent = createServer((socket) => socket.resume().on('error', () => undefined)).listen(
    0,
    '127.0.0.1',
  );
  await once(silent, 'listening');
  const s3 = new S3Client({
    requestHandler: { ...clientSettings.requestHandler, requestTimeout: 200 },
    endpoint: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    forcePathStyle: true,
    maxAttempts: 1,
  });
  await expect(s3.send(new GetObjectCommand({ Bucket: 'b', Key: 'k' }))).rejects.toThrow(
    expect.objectContaining({ name: 'TimeoutError' }),
  );
  s3.destroy();
  silent.close();
});
