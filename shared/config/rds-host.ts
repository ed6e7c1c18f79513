/** Whether a host is an Amazon RDS or Aurora endpoint. */
export function isRdsHost(host: string): boolean {
  return /\.rds\.amazonaws\.com(\.cn)?$/i.test(host);
}
