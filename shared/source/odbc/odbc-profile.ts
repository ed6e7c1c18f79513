import type { SourceConfig } from '../../config/schema/ferry-config.ts';
import type { ConnectionLogin } from '../credentials/credentials.ts';
import type { Dialect } from '../dialect.ts';
import type { ConnectionPart } from './connection-string.ts';
import type { DriverPackages } from './find-driver.ts';
import type { LettersProbe } from './statement-letters.ts';

/** What every product has in common behind ODBC. */
type Common =
  | 'extension'
  | 'relation'
  | 'execute'
  | 'settings'
  | 'attach'
  | 'detach'
  | 'begin'
  | 'end'
  | 'loadClient'
  | 'askRefusal';

/** A product behind an ODBC driver: the rest of its {@link Dialect}, and how to connect. Each has a folder here. */
export interface OdbcProfile extends Omit<Dialect, Common> {
  /** What brings its driver. */
  packages: DriverPackages;
  /**
   * What its connection string says beside the driver and the options of the configuration: everything that the values
   * depend on, so that neither the system's configuration nor a default of the driver decides.
   */
  connectionParts(
    login: ConnectionLogin,
    tls: { mode: SourceConfig['tls']['mode']; caFile: string | undefined },
    driver: string,
  ): readonly ConnectionPart[];
  /** The product's SQL that a connection begins with. */
  firstStatements: readonly string[];
  /** Shows whether letters beyond ASCII reach the source, and come back. */
  lettersProbe: LettersProbe;
  /** How a transaction begins, and is undone. */
  transaction: {
    /** The product's SQL. */
    begin: readonly string[];
    /** The product's SQL; absent where the driver itself keeps transactions, and would end one that SQL began. */
    end?: string;
  };
}
