// Runs the stand-in as a process, for the demo and for docker-compose:
//   node test/support/polyteia/stand-in/main.ts --port 8081 --dataset ds_demo --key pak_demo
//   node test/support/polyteia/stand-in/main.ts --api session --organization stadt-demo
// HTTPS with --certificate FILE and --certificate-key FILE.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { startPolyteiaStandIn } from './stand-in.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
    dataset: { type: 'string', multiple: true },
    key: { type: 'string' },
    api: { type: 'string', default: 'classic' },
    organization: { type: 'string' },
    certificate: { type: 'string' },
    'certificate-key': { type: 'string' },
  },
});
const port = Number(values.port);
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  process.stderr.write(`--port is '${values.port}', must be a number from 0 to 65535\n`);
  process.exit(2);
}
if (values.api !== 'classic' && values.api !== 'session') {
  process.stderr.write(`--api is '${values.api}', must be classic or session\n`);
  process.exit(2);
}
const { certificate, 'certificate-key': certificateKey } = values;
if ((certificate === undefined) !== (certificateKey === undefined)) {
  process.stderr.write('--certificate and --certificate-key come together\n');
  process.exit(2);
}
const standIn = await startPolyteiaStandIn({
  port,
  host: values.host,
  api: values.api,
  ...(values.organization && { organization: { slug: values.organization } }),
  ...(values.dataset && { datasets: values.dataset }),
  ...(values.key && { personalAccessKey: values.key }),
  ...(certificate &&
    certificateKey && {
      tls: { cert: await readFile(certificate, 'utf8'), key: await readFile(certificateKey, 'utf8') },
    }),
});
const { baseUrl, personalAccessKey, datasets } = standIn;
process.stdout.write(`${JSON.stringify({ baseUrl, personalAccessKey, datasets: [...datasets.keys()] })}\n`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    for (const violation of standIn.violations) process.stderr.write(`violation: ${violation}\n`);
    await standIn.stop();
    process.exit(standIn.violations.length > 0 ? 1 : 0);
  });
}
