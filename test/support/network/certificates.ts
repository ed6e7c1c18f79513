import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pythonEnvironment } from '../processes/python.ts';

const run = promisify(execFile);
const script = fileURLToPath(new URL('./make_certificates.py', import.meta.url));

/** A certificate and its key, as PEM. */
export interface Certificate {
  cert: string;
  key: string;
}

/**
 * Makes certificates signed by a fresh authority.
 *
 * @param wanted by name: the hosts it is for, and how long it is valid; negative days make an expired one
 */
export async function makeCertificates<Name extends string>(
  wanted: Readonly<Record<Name, { hosts: readonly string[]; days: number }>>,
): Promise<Record<Name | 'authority', Certificate>> {
  const { python } = await pythonEnvironment();
  const { stdout } = await run(python, ['-I', script, JSON.stringify(wanted)]);
  return JSON.parse(stdout) as Record<Name | 'authority', Certificate>;
}
