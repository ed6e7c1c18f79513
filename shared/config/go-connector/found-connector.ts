import type { Connector } from './connector.ts';

/** A connector, and where it was found. */
export interface FoundConnector {
  /** File and what of it, for a person. */
  label: string;
  /** Names that it may get, the shortest first. */
  names: readonly string[];
  connector: Connector;
}

/** What files hold: connectors, and what could not be taken over. */
export interface Findings {
  connectors: FoundConnector[];
  warnings: string[];
}
