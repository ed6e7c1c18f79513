const reasons: Readonly<Record<string, { why: string; todo: string }>> = {
  ENOSPC: { why: 'its disk is full', todo: 'Free space there' },
  EDQUOT: { why: 'the quota of this user is used up', todo: 'Free space there' },
  EROFS: { why: 'it is on a read-only file system', todo: 'Mount it so that it can be written to' },
  EACCES: { why: 'this user may not', todo: 'Check its permissions, and those of the folders above' },
  EPERM: { why: 'this user may not', todo: 'Check its permissions, and those of the folders above' },
  ENOENT: { why: 'it does not exist, and cannot be created there', todo: 'Check its path' },
  ENOTDIR: { why: 'its path leads through something that is not a folder', todo: 'Check its path' },
  EEXIST: { why: 'a file or a broken link has its name', todo: 'Check its path' },
  EISDIR: { why: 'a folder has the name of a file', todo: 'Check what is there' },
  ELOOP: { why: 'links on its path lead in a circle', todo: 'Check its path' },
  ENAMETOOLONG: { why: 'its name is too long', todo: 'Choose a shorter one' },
  EIO: { why: 'its disk reports an error', todo: 'Check the disk' },
};

/**
 * Why a file or folder cannot be used, from the code of the file system (errno(3)).
 *
 * @returns `why` with its colon, to end a sentence such as `The folder x cannot be written to`; empty if the code says
 *   nothing. `todo` without a full stop, to go on with `, or name another folder.`
 */
export function explainFileError(error: unknown): { why: string; todo: string } {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known = Object.hasOwn(reasons, code) ? reasons[code] : undefined;
  return known
    ? { why: `: ${known.why}`, todo: known.todo }
    : { why: '', todo: 'Check its permissions and the free space' };
}
