import type { Connector } from './connector.ts';

/** A connector, and where it was found. */
export interface FoundConnector {
  /** The file, and where in it, for people. */
  label: string;
  /** Names for it, the shortest first. */
  names: readonly string[];
  connector: Connector;
}

/** What files contain: connectors, and what cannot be taken over. */
export interface Findings {
  connectors: FoundConnector[];
  /** One sentence for each file or container of the connector that is not converted, and why. */
  leftOut: string[];
  warnings: string[];
}
