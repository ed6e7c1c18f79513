/**
 * List prices in US dollars, without the free tier, as written down from memory: nobody has compared them with a bill.
 * Other regions of Europe differ by less than a tenth.
 */
export const PRICES = {
  region: 'eu-central-1',
  /** When they were written down. */
  asOf: '2025-12',
  lambda: {
    gigabyteSecond: { arm64: 0.0000133334, x86_64: 0.0000166667 },
    request: 0.0000002,
    /** Of disk beyond the first 512 MB. */
    diskGigabyteSecond: 0.0000000309,
  },
  s3: { write: 0.0000054, read: 0.00000043, gigabyteMonth: 0.0245 },
  secrets: { secretMonth: 0.4, read: 0.000005 },
  scheduler: { start: 0.000001 },
  cloudWatch: {
    /** Charged by the hour in which it has a value. */
    metricMonth: 0.3,
    alarmMonth: 0.1,
    /** After the third of an account. */
    dashboardMonth: 3,
    logGigabyte: 0.63,
  },
  network: { natGatewayHour: 0.052, natGigabyte: 0.052, endpointHour: 0.012 },
  api: { request: 0.0000037 },
} as const;

/** A month, for everything that is counted in days or hours. */
export const MONTH = { days: 30, hours: 720 } as const;
