import { createHash, timingSafeEqual } from 'node:crypto';

/** SHA-256 of a text, which says nothing about it and is as long for every one. */
export const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether a text is the secret with this digest. It takes as long, however much of it was guessed. */
export const hasDigest = (given: string, expected: Buffer): boolean =>
  timingSafeEqual(digest(given), expected);
