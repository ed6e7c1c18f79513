import { existsSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import type { OdbcConfig } from '../../config/schema/ferry-config.ts';
import { ConfigError } from '../../errors.ts';
import type { ErrorPatterns } from '../error-patterns.ts';
import { loadLibrary } from './load-library.ts';

/** The driver manager, which DuckDB's extension calls. */
const MANAGER = 'libodbc.so.2';
/** Where package managers put libraries. */
const SYSTEM_FOLDERS = [
  ...(process.arch === 'arm64'
    ? ['/usr/lib/aarch64-linux-gnu', '/lib/aarch64-linux-gnu']
    : ['/usr/lib/x86_64-linux-gnu', '/lib/x86_64-linux-gnu']),
  '/usr/lib64',
  '/lib64',
  '/usr/local/lib',
  '/usr/lib',
];

/** Which packages bring a driver, for people. */
export interface DriverPackages {
  /** On Debian and Ubuntu. */
  debian: string;
  /** The file in them. */
  file: string;
}

/**
 * The value of `Driver=`: the path of a file, or a name that the driver manager knows.
 *
 * @param folders where the drivers may be that come with Ferry's code, in `drivers`
 * @throws ConfigError when a file is named and missing
 */
export function findDriver(
  { driver }: Pick<OdbcConfig, 'driver'>,
  folders: readonly string[],
  packages: DriverPackages,
): string {
  if (isAbsolute(driver)) {
    if (existsSync(driver)) return driver;
    throw missingDriver(driver, packages);
  }
  if (!/\.so(\.|$)/.test(driver)) return driver;
  const name = basename(driver);
  const places = [
    ...folders.map((folder) => join(folder, 'drivers')),
    ...SYSTEM_FOLDERS.flatMap((folder) => [join(folder, 'odbc'), folder]),
  ];
  const found = places.map((place) => join(place, name)).find((path) => existsSync(path));
  if (found === undefined) throw missingDriver(name, packages);
  return found;
}

function missingDriver(driver: string, { debian, file }: DriverPackages): ConfigError {
  return new ConfigError(`The ODBC driver ${driver} is not installed.`, {
    hint: `Install it (Debian and Ubuntu: apt-get install unixodbc ${debian}, whose file is ${file}), or put it with the libraries that it needs into the folder that \`drivers\` names.`,
  });
}

/**
 * Loads the driver manager and a driver. The manager may come in the same folder as the driver; else it is the
 * system's.
 *
 * @param driver as found by {@link findDriver}
 * @throws ConfigError that says which library is missing
 */
export function loadDriver(driver: string, folders: readonly string[]): void {
  const places = [
    ...(isAbsolute(driver) ? [dirname(driver)] : []),
    ...folders.map((folder) => join(folder, 'drivers')),
    ...SYSTEM_FOLDERS,
  ];
  const manager = places.map((place) => join(place, MANAGER)).find((path) => existsSync(path));
  if (manager === undefined) {
    throw new ConfigError(`The ODBC driver manager (unixODBC, ${MANAGER}) is not installed.`, {
      hint: `Install it (Debian and Ubuntu: apt-get install unixodbc), or put ${MANAGER} into the folder of the driver.`,
    });
  }
  loadLibrary(manager);
  if (isAbsolute(driver)) loadLibrary(driver);
}

/** What the driver manager says of a driver that it cannot open, or whose name it does not know. */
export const unknownDriver = ({ file }: DriverPackages): ErrorPatterns['connect'][number] => ({
  pattern: /Can't open lib|Driver's SQLAllocHandle|Data source name not found/,
  make: () =>
    new ConfigError('The ODBC driver manager does not know the driver of this source.', {
      hint: `Set odbc.driver to the path of its file (${file}), or register it in odbcinst.ini.`,
    }),
});
