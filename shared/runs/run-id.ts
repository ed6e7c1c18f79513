import { createHash, randomBytes } from 'node:crypto';

/** Lays out a time and 10 bytes as a UUID of version 7 (RFC 9562, 5.7). */
function uuidV7(milliseconds: number, tail: Uint8Array): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(milliseconds, 0, 6);
  bytes.set(tail.subarray(0, 10), 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** A fresh run id: a UUID of version 7, sortable by time. */
export function newRunId(now: Date = new Date()): string {
  return uuidV7(now.getTime(), randomBytes(10));
}

/**
 * The run id of a scheduled moment: always the same for the same stack, job and moment, so a schedule delivered twice
 * is one run. The time part is the scheduled time, the rest comes from a SHA-256 of all three.
 *
 * @param scheduledTime ISO 8601, as EventBridge Scheduler gives it
 */
export function scheduledRunId(scope: string, job: string, scheduledTime: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([scope, job, scheduledTime]))
    .digest();
  return uuidV7(new Date(scheduledTime).getTime(), digest);
}

/** Whether a text that a person typed can be the id of a run. Any other text names no document. */
export function isRunId(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

/** The start time in a run id. */
export function timeOfRunId(id: string): Date {
  return new Date(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16));
}
