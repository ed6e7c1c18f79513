import { ConfigError } from '../../shared/errors.ts';
import type { CliContext } from '../cli-context.ts';
import { TIME_FORM, timeLimitMs } from '../time-limit.ts';

/** A setting as it was written, and where, for messages. */
export interface Setting {
  text: string;
  /** The option or the variable that holds it. */
  label: string;
}

/** An option as it was typed, else a variable of the environment. */
export interface SettingReader {
  (option: string, typed: string | undefined, variable: string, otherwise: string): Setting;
  (option: string, typed: string | undefined, variable: string): Setting | undefined;
}

/** Reads settings: what was typed comes first, then the environment. A blank variable counts as none. */
export function createSettingReader(environment: CliContext['environment']): SettingReader {
  function read(option: string, typed: string | undefined, variable: string, otherwise: string): Setting;
  function read(option: string, typed: string | undefined, variable: string): Setting | undefined;
  function read(option: string, typed: string | undefined, variable: string, otherwise?: string) {
    if (typed !== undefined) return { text: typed, label: option };
    const set = environment[variable]?.trim();
    if (set) return { text: set, label: variable };
    return otherwise === undefined ? undefined : { text: otherwise, label: option };
  }
  return read;
}

/**
 * @returns milliseconds
 * @throws ConfigError that names the option or variable
 */
export function durationOf({ text, label }: Setting, leastMs: number): number {
  const ms = timeLimitMs(text);
  if (ms === undefined || ms < leastMs) throw new ConfigError(`${label}: expected ${TIME_FORM}.`);
  return ms;
}

/** @throws ConfigError that names the option or variable */
export function integerOf({ text, label }: Setting, least: number, most: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new ConfigError(`${label}: expected a number from ${least} to ${most}.`);
}
