import { findDocumentMistakes, type WrittenFile } from './document-mistakes.ts';
import { findLayoutMistakes } from './layout-mistakes.ts';
import { isPlain, type Mistake } from './mistake.ts';
import { findRenamedFields, type Renamed } from './renamed-fields.ts';
import { findSourceMistakes } from './source-mistakes.ts';
import { findSyncMistakes } from './sync-mistakes.ts';

/** What people are known to have written instead of what they mean. */
export interface FoundMistakes {
  mistakes: Mistake[];
  /** What is valid, and hardly meant. */
  warnings: string[];
  /** The file as if the names of its fields were right. */
  meant: unknown;
  renamed: Renamed[];
}

/**
 * What people are known to write instead of what they mean, with the line that is right.
 *
 * @param raw the file as it was parsed, before defaults are merged in
 * @param isValid whether the schema takes it as it is: then all of its fields have their right names, and nobody has to
 *   compare them, for which the names of all fields are collected
 */
export function findMistakes(raw: unknown, file: Omit<WrittenFile, 'raw'>, isValid: boolean): FoundMistakes {
  if (!isPlain(raw)) return { mistakes: [], warnings: [], meant: raw, renamed: [] };
  const written = findDocumentMistakes({ ...file, raw });
  const {
    mistakes: names,
    meant,
    renamed,
  } = isValid ? { mistakes: [], meant: raw, renamed: [] } : findRenamedFields(raw);
  const mistakes: Mistake[] = [];
  // What is written or laid out wrongly explains what its values seem to be.
  for (const found of [
    written.mistakes,
    names,
    findLayoutMistakes(meant),
    findSourceMistakes(meant),
    findSyncMistakes(meant),
  ]) {
    const known = [...mistakes];
    mistakes.push(...found.filter(({ at }) => !isClaimed(known, at)));
  }
  return {
    mistakes,
    warnings: written.warnings,
    meant,
    renamed,
  };
}

/** Whether a problem at this path follows from one of the mistakes. */
export function isClaimed(mistakes: readonly Mistake[], path: readonly string[]): boolean {
  return mistakes.some(({ at, claims = [], isAlone = false }) =>
    [...(isAlone ? [] : [at]), ...claims].some((claim) => claim.every((part, index) => path[index] === part)),
  );
}
