/** A lock between processes. It lies with the scripts, as one of them needs it before TypeScript can run. */
export { withLock } from '../../../shared/lock.mjs';
