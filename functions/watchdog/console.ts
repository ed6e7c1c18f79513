/** Where people see a function and its logs. The domain is that of the region's partition. */
export function functionUrl(region: string, functionName: string): string {
  const domain = region.startsWith('cn-')
    ? 'console.amazonaws.cn'
    : region.startsWith('us-gov-')
      ? 'console.amazonaws-us-gov.com'
      : `${region}.console.aws.amazon.com`;
  return `https://${domain}/lambda/home?region=${region}#/functions/${encodeURIComponent(functionName)}?tab=monitoring`;
}
