import { fileURLToPath } from 'node:url';

/** The command line as people start it: a bundle, which is made on first use and starts in a third of the time of its modules. */
export const FERRY_PROGRAM = fileURLToPath(new URL('../../../scripts/ferry.mjs', import.meta.url));
