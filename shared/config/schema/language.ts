import * as z from 'zod';

/** The languages in which Ferry writes to people. */
export const languages = ['en', 'de'] as const;
export type Language = (typeof languages)[number];

export const language = z
  .enum(languages)
  .describe(
    'Language of alerts, and of the console until somebody chooses another one there: en or de. Default: en for alerts, and what the browser asks for in the console.',
  );
