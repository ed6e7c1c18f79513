/**
 * The folders of an extraction's output, in the order in which they are made: what an entity points at comes before it.
 */
export const entityFolders = ['database', 'schema', 'table', 'column', 'extras-procedure'] as const;
export type EntityFolder = (typeof entityFolders)[number];
