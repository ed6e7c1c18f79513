/** How much a log says, most first. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Lines for people, or JSON. */
export const logFormats = ['text', 'json'] as const;
export type LogFormat = (typeof logFormats)[number];
