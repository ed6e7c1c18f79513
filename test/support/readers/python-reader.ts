import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type PythonEnvironment, pythonEnvironment } from '../processes/python.ts';

const supportFolder = dirname(fileURLToPath(import.meta.url));

type ReaderProcess = ChildProcessByStdio<Writable, Readable, null>;

/** Reads one file; rejects with Python's own error. */
export type PythonReader<Content> = (file: string) => Promise<Content>;

/**
 * A reader in Python that stays: most of the time that one file takes is Python's start. Its script answers each line, a path as JSON,
 * by a line with `{"content": …}` or `{"error": "…"}`. It starts with the first file, and ends with this process, whose end closes its input.
 *
 * @param script its file name in this folder
 * @param environment has the packages that it imports
 */
export function createPythonReader<Content>(
  script: string,
  environment: () => Promise<PythonEnvironment> = pythonEnvironment,
): PythonReader<Content> {
  let started: Promise<ReaderProcess> | undefined;
  const waiting: Array<(line: string | undefined) => void> = [];

  async function start(): Promise<ReaderProcess> {
    const { python } = await environment();
    // -I: neither PYTHON… variables nor the current folder decide what is imported.
    const child = spawn(python, ['-I', join(supportFolder, script)], { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface(child.stdout).on('line', (line) => waiting.shift()?.(line));
    child.stdin.on('error', () => undefined);
    child.on('exit', () => {
      started = undefined;
      for (const answer of waiting.splice(0)) answer(undefined);
    });
    // A test run that is done does not wait for it.
    child.unref();
    return child;
  }

  return async (file) => {
    started ??= start();
    const child = await started;
    const streams = [child.stdin, child.stdout] as unknown as Array<{ ref(): void; unref(): void }>;
    for (const stream of streams) stream.ref();
    const line = await new Promise<string | undefined>((resolve) => {
      waiting.push(resolve);
      child.stdin.write(`${JSON.stringify(file)}\n`);
    });
    if (waiting.length === 0) for (const stream of streams) stream.unref();
    if (line === undefined) throw new Error(`${script} ended while it read ${file}.`);
    const { content, error } = JSON.parse(line) as { content?: Content; error?: string };
    if (error !== undefined) throw new Error(`${file}: ${error}`);
    return content as Content;
  };
}
