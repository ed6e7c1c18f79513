import type { DebianPackages } from './install/debian-packages.ts';

/** Something that tests run and that npm cannot bring. */
export interface Tool<Program extends string = string> {
  /** Its folder in `.cache`, and a part of {@link urlVariable}. */
  name: string;
  /** For messages, such as `MariaDB 10.11`. */
  title: string;
  /** The commands that tests run. The first one answers `--version`. */
  programs: readonly [Program, ...Program[]];
  /** Further files that must be there, below the root of the file system or of the unpacked packages. */
  files?: readonly string[];
  /** What `--version` says of a version that the tests were written for: the machine's own is then used. */
  version: RegExp;
  /** What it says of a version that will do where none can be fetched. @default version */
  otherVersion?: RegExp;
  /** Folders of a machine to look into before PATH. */
  machineFolders?: readonly string[];
  /**
   * Its programs start themselves again by `/proc/self/exe`, which must not be a loader, and without their environment: they run with the
   * machine's loader and C library. Their other libraries come from the packages, which `without` must keep free of the C library.
   */
  restartsItself?: boolean;
  debian: DebianPackages & {
    /** What is never run and takes space: paths in the unpacked packages. */
    unused?: readonly string[];
    /** What is run reads this of what others have for people only. */
    kept?: readonly string[];
  };
}

/** A tool that can be run. */
export interface InstalledTool<Program extends string = string> {
  /** What `--version` prints. */
  version: string;
  /** The folder that holds {@link Tool.files}. */
  root: string;
  /** The path of each command. */
  programs: Readonly<Record<Program, string>>;
}

/** The user that a server runs as when root, whom servers refuse, starts it. */
export interface UnprivilegedUser {
  uid: number;
  gid: number;
}

/** The variable that names an archive to unpack, such as FERRY_TEST_POSTGRES_15_URL. */
export function urlVariable({ name }: Tool): string {
  return `FERRY_TEST_${name.toUpperCase().replaceAll('-', '_')}_URL`;
}
