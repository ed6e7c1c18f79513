const REGION = '[a-z]{2,}(?:-[a-z]+)+-\\d';

// AWS, its secret and its European partition put the region before `rds`; China has both orders.
const endpoint = new RegExp(
  `\\.(?:(${REGION})\\.rds|rds\\.(${REGION}))\\.(?:amazonaws\\.com(?:\\.cn)?|amazonaws\\.eu|c2s\\.ic\\.gov|sc2s\\.sgov\\.gov)$`,
);

/** What a region's name looks like. */
export const regionPattern = new RegExp(`^${REGION}$`);

/** Whether a host is an Amazon RDS or Aurora endpoint, or one of RDS Proxy. */
export function isRdsHost(host: string): boolean {
  return /\.rds\.amazonaws\.com(\.cn)?$/i.test(host) || regionOfRdsHost(host) !== undefined;
}

/** The region that an endpoint of Amazon RDS, Aurora or RDS Proxy names; undefined for any other host. */
export function regionOfRdsHost(host: string): string | undefined {
  const [, before, behind] = endpoint.exec(host.toLowerCase()) ?? [];
  return before ?? behind;
}
