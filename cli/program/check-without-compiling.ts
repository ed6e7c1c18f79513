import * as z from 'zod';

/**
 * Has schemas check what they are given without compiling themselves first: a command checks few documents, and ends
 * before that pays. Call this before the first schema is made, that is, before a module with one is loaded.
 */
export function checkWithoutCompiling(): void {
  z.config({ jitless: true });
}
