import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

/** The release of DuckDB that these belong to. */
const RELEASE = 'v1.5.5';

/** SHA-256 of each extension's file, by its name and platform: the same from DuckDB's repository and from PyPI. */
const hashes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  postgres_scanner: {
    linux_amd64: 'b1ced4cfc6311313e117c2afb3eac76508718778dde0716421503c7dbfb5605c',
    linux_arm64: 'e2469cce1e855e8c842a1487dd8168cf27904c03baaf1f2c227529403315d819',
    osx_amd64: '0df780444ce04a75c5a4e7b89896eab5cebe1ca21163fc6c267f3365ffe4a3c1',
    osx_arm64: 'f39dd59bf57679d0242e19e180d90b4222e5cdb691ab67c7506658f3548c0e05',
  },
  mysql_scanner: {
    linux_amd64: 'e2d3328b5370ae703f2c287c314a87979de513ef270d4dd565071c03057d2601',
    linux_arm64: '4f07a6b5f95cd43d580a1807e1154afac2cb05f37700a76c40989104a51fd2cb',
    osx_amd64: '2cd2acd1e2c6fee37840003b79d5a0e1a6b8dc11f0bbd0b8ba98603f17aec270',
    osx_arm64: '0aced636acf1da9d742edb11fc10556356302b9e7bc424107a69b4f481b500b1',
  },
  odbc_scanner: {
    linux_amd64: 'cc697bee3a1581a4e7ebbc3ab7c3b2f2d645e354a64d760fdbd0fdf338a12271',
    linux_arm64: 'fea7818570cf73bbd32b6fb994743eafb7980abbc6a182b5e3041f50f7c28efa',
    osx_amd64: '6025b8877ca06368e5de1996e748e4fc62ef2775ca9f7918cd78757e611c61e9',
    osx_arm64: '13305db5f0f58eb897cf95bd35090692136065b4e2b36b304c4ca293f8ab249a',
  },
};

/**
 * The files whose signature DuckDB itself has checked: test/integration/source/open-with-extension.test.ts and
 * test/e2e/long/arm64.long.test.ts have it do so again. Nobody has done that on macOS.
 */
export const signedExtensions: ReadonlySet<string> = new Set(
  Object.values(hashes).flatMap(({ linux_amd64, linux_arm64 }) => [linux_amd64 ?? '', linux_arm64 ?? '']),
);

const PIECE_BYTES = 512 * 1024;

/**
 * Reads a file through two buffers in turns: a stream would leave 41 MB of them behind in every small run.
 *
 * @returns SHA-256 of the file, hexadecimal
 */
export async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await using file = await open(path);
  let [current, spare] = [Buffer.allocUnsafeSlow(PIECE_BYTES), Buffer.allocUnsafeSlow(PIECE_BYTES)];
  let reading = file.read(current, 0, PIECE_BYTES, null);
  for (let { bytesRead } = await reading; bytesRead > 0; { bytesRead } = await reading) {
    reading = file.read(spare, 0, PIECE_BYTES, null);
    hash.update(current.subarray(0, bytesRead));
    [current, spare] = [spare, current];
  }
  return hash.digest('hex');
}

/**
 * Compares an extension's file with what this version of Ferry was tested with. DuckDB checks the signature of the file
 * besides, when it loads it.
 *
 * @param release of DuckDB, such as `v1.5.5`
 * @throws Error when it is another one
 */
export async function assertPinnedExtension(
  file: string,
  { name, platform, release }: { name: string; platform: string; release: string },
): Promise<void> {
  const expected = release === RELEASE ? hashes[name]?.[platform] : undefined;
  if (expected === undefined)
    throw new Error(`extension-hashes.ts has no hash of ${name} ${release} for ${platform}`);
  if ((await hashOfFile(file)) !== expected)
    throw new Error(`${name} ${release} for ${platform} is not the file that Ferry was tested with`);
}
