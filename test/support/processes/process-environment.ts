type Changes = Readonly<Record<string, string | undefined>>;

let current: { key: string; users: number; restore: () => void } | undefined;

/**
 * Runs something with changed variables of this process, for code that reads them where no one can hand it others, such as `os.tmpdir()`.
 *
 * @param changes new values; undefined takes a variable away
 * @throws Error when something else runs with other changes at the same time
 */
export async function withEnvironment<T>(changes: Changes, work: () => Promise<T>): Promise<T> {
  const key = JSON.stringify(Object.entries(changes).filter(([, value]) => value !== undefined));
  if (current && current.key !== key) throw new Error('Two commands at a time want different environments.');
  current ??= { key, users: 0, restore: change(changes) };
  const own = current;
  own.users += 1;
  try {
    return await work();
  } finally {
    own.users -= 1;
    if (own.users === 0) {
      own.restore();
      current = undefined;
    }
  }
}

function change(changes: Changes): () => void {
  const before = Object.keys(changes).map((name) => [name, process.env[name]] as const);
  const set = (name: string, value: string | undefined) => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const [name, value] of Object.entries(changes)) set(name, value);
  return () => {
    for (const [name, value] of before) set(name, value);
  };
}
