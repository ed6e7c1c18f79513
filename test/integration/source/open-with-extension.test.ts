import { copyFileSync, linkSync, renameSync } from 'node:fs';
import { copyFile, mkdtemp, open, rename, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import { hashOfFile, signedExtensions } from '../../../shared/duckdb/extension-hashes.ts';
import { findExtension } from '../../../shared/duckdb/extensions.ts';
import { openWithExtension } from '../../../shared/duckdb/open-with-extension.ts';

const closed = { autoinstall_known_extensions: 'false', autoload_known_extensions: 'false' };

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry extension ü '));
  file = join(folder, 'postgres_scanner.duckdb_extension');
  await copyFile(findExtension('postgres_scanner', [PROJECT_EXTENSIONS]), file);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Opens and closes an instance; whether it checked the signature, and has the extension. */
async function load(known: ReadonlySet<string> = new Set()): Promise<{ checked: boolean; loaded: boolean }> {
  const instance = await openWithExtension(file, closed, known);
  const connection = await instance.connect();
  try {
    const answer = await connection.runAndReadAll(`
      SELECT NOT current_setting('allow_unsigned_extensions')::BOOLEAN,
        (SELECT count(*) = 1 FROM duckdb_functions() WHERE function_name = 'postgres_attach')`);
    const [checked, loaded] = answer.getRows()[0] as [boolean, boolean];
    return { checked, loaded };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Changes one byte in the middle of a file's code. */
async function tamper(path: string): Promise<void> {
  await using handle = await open(path, 'r+');
  const at = 20_000_000;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, at);
  await handle.write(Buffer.from([(buffer[0] ?? 0) ^ 0xff]), 0, 1, at);
}

describe('an extension that Ferry knows by its SHA-256', () => {
  it.each(['postgres_scanner', 'mysql_scanner'])(
    '%s: has a valid signature, and is loaded without the check',
    async (name) => {
      const path = findExtension(name, [PROJECT_EXTENSIONS]);
      expect(signedExtensions).toContain(await hashOfFile(path));
      // Its name says which function DuckDB calls in it.
      file = join(folder, basename(path));
      await copyFile(path, file);
      expect(await load()).toMatchObject({ checked: true });
      await rm(file);
      await copyFile(path, file);
      expect(await load(signedExtensions)).toMatchObject({ checked: false });
    },
  );

  it('odbc_scanner: has a valid signature', async () => {
    const path = findExtension('odbc_scanner', [PROJECT_EXTENSIONS]);
    expect(signedExtensions).toContain(await hashOfFile(path));
    file = join(folder, basename(path));
    await copyFile(path, file);
    // Without a driver manager it cannot be loaded, which DuckDB tries once the signature is valid.
    const outcome = await load().then(String, String);
    expect(outcome).toMatch(/^\[object Object\]$|libodbc/);
  });

  it('is refused when it was tampered with', async () => {
    await tamper(file);
    await expect(load(signedExtensions)).rejects.toThrow(/signature/);
  });

  it('is checked again when it changes while it is loaded', async () => {
    // Asked between the two looks at the file.
    const during = (change: () => void) => ({
      has(hash: string) {
        change();
        return signedExtensions.has(hash);
      },
    });
    let asked = 0;
    const linked = during(() => {
      asked += 1;
      if (asked === 1) linkSync(file, join(folder, 'link of a backup'));
    });
    expect(await load(linked as ReadonlySet<string>)).toEqual({ checked: false, loaded: true });
    expect(asked).toBe(2);

    const other = join(folder, 'other');
    await copyFile(file, other);
    await tamper(other);
    await rm(file);
    await copyFile(findExtension('postgres_scanner', [PROJECT_EXTENSIONS]), file);
    const swapped = during(() => {
      copyFileSync(other, join(folder, 'copy'));
      renameSync(join(folder, 'copy'), file);
    });
    await expect(load(swapped as ReadonlySet<string>)).rejects.toThrow(/signature/);
  });

  it('is looked at once for all that need it at the same time', async () => {
    const loads = await Promise.all(Array.from({ length: 5 }, () => load()));
    expect(loads.map(({ checked }) => checked)).toEqual([true, false, false, false, false]);
  });
});

describe('the signature of any other extension', () => {
  it('is checked by DuckDB when a process first loads the file, and not again', async () => {
    expect(await load()).toEqual({ checked: true, loaded: true });
    expect(await load()).toEqual({ checked: false, loaded: true });
  });

  it('is refused at the first load of a file that was tampered with', async () => {
    await tamper(file);
    await expect(load()).rejects.toThrow(/signature/);
    await expect(load()).rejects.toThrow(/signature/);
  });

  it('is checked again, and refused, when the file was replaced', async () => {
    await load();
    const other = join(folder, 'other');
    await copyFile(file, other);
    await tamper(other);
    await rename(other, file);
    await expect(load()).rejects.toThrow(/signature/);
    await expect(load()).rejects.toThrow(/signature/);
  });

  it('is checked again when a file with the same name, size and times replaced it', async () => {
    await load();
    const { atime, mtime } = await stat(file);
    const other = join(folder, 'other');
    await copyFile(file, other);
    await tamper(other);
    // Never in place: this process runs the pages of the file that it has loaded.
    await rm(file);
    await copyFile(other, file);
    await utimes(file, atime, mtime);
    await expect(load()).rejects.toThrow(/signature/);
  });
});
