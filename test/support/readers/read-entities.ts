import { pyatlanEnvironment } from '../processes/python.ts';
import { createPythonReader } from './python-reader.ts';

/** What Atlan's own client makes of a file of entities. */
export interface EntitiesRead {
  /** How many of each type. */
  read: Record<string, number>;
  /** What it does not know, or changes: the value in the file and its own, by the type and the path in an entity. */
  lost: Record<string, [given: unknown, read: unknown]>;
}

/** Reads each line of a file by the class that Atlan's client has for its type, and compares what that writes again. */
export const readEntitiesWithPyatlan = createPythonReader<EntitiesRead>(
  'read_entities.py',
  pyatlanEnvironment,
);
