/** The days of a cron schedule. Days of the week count from 0 (Sunday). */
export type DayRule =
  | { type: 'every' }
  | { type: 'days'; days: readonly number[] }
  | { type: 'last-day' }
  | { type: 'nearest-workday'; day: number }
  | { type: 'weekdays'; weekdays: readonly number[] }
  /**
   * A day of the month or a day of the week, whichever it is: cron's meaning of both together, which EventBridge does
   * not have.
   */
  | { type: 'either'; days: readonly number[]; weekdays: readonly number[] }
  | { type: 'last-weekday'; weekday: number }
  | { type: 'nth-weekday'; weekday: number; nth: number };

/** Local times; an absent list is unrestricted. */
export interface CronSchedule {
  type: 'cron';
  minutes: readonly number[] | undefined;
  hours: readonly number[] | undefined;
  day: DayRule;
  months: readonly number[] | undefined;
  years: readonly number[] | undefined;
}

/** Every so many milliseconds: on AWS counted from when the schedule is created, and whole minutes only. */
export interface RateSchedule {
  type: 'rate';
  everyMs: number;
}

/** What a schedule means, in whichever way it was written. */
export type ParsedSchedule = CronSchedule | RateSchedule;
