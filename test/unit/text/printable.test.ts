import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatError, formatTable } from '../../../cli/output/output.ts';
import { createProgram } from '../../../cli/program/program.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { runJob } from '../../../shared/runs/run-job.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { printable, printableMessage, printableOutput } from '../../../shared/text/printable.ts';
import { createTestCliContext } from '../../support/cli/cli-context.ts';

// Colors, a cleared screen, a window title, C1 forms of both, a return to the line's beginning, text that runs from right to left, nothing
// to be seen, a tag, half a character, other line breaks, and a line that looks like Ferry's.
const EVIL = [
  '\u001b[31m',
  '\u001b[2J\u001b[H',
  '\u001b]0;title\u0007',
  '\u009b2J',
  '\u009d0;x\u009c',
  '\r',
  '\b\u007f\u0000\t',
  '\u202egnp.exe',
  '\u2066x\u2069\u200f\u061c',
  '\u200b\ufeff\u00ad',
  '\u{e0041}',
  '\ud800',
  '\u2028\u2029\u0085',
  '\nConfigError: forged',
].join('|');
const unseen = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const forged = /^ConfigError: forged/m;

describe('foreign text', () => {
  it('is one line in which everything is visible, and unchanged if it is printable', () => {
    expect(printable(EVIL)).not.toMatch(unseen);
    expect(printable(EVIL)).not.toContain('\n');
    expect(printable('\u001b[31m\u{e0041}')).toBe('\\u001b[31m\\udb40\\udc41');
    for (const plain of ['Größe "§ 5" – 100 €', '数据 👍🏽 हिन्दी', '\\u001b', 'a\u00a0b'])
      expect(printable(plain)).toBe(plain);
  });

  it('keeps the lines of a message, and the values in JSON', () => {
    expect(printableMessage('2 problems:\n  a\n  b\nc')).toBe('2 problems:\n  a\n  b\\u000ac');
    const value = { [EVIL]: [EVIL] };
    for (const json of [JSON.stringify(value), JSON.stringify(value, null, 2)]) {
      expect(printableOutput(json)).not.toMatch(unseen);
      expect(JSON.parse(printableOutput(json))).toEqual(value);
    }
  });

  it('is printable in errors, tables and the log', () => {
    const error = new ConfigError(`Column "${EVIL}" is wrong.`, { hint: `Drop ${EVIL}.` });
    const record = { class: 'ConfigError', message: EVIL, hint: EVIL };
    let log = '';
    const write = (line: string) => {
      log += line;
    };
    const logger = createLogger({ level: 'info', destination: { write } });
    logger.info({ database: EVIL }, EVIL);
    for (const text of [
      error.message,
      error.hint ?? '',
      formatError(record),
      formatTable([EVIL], [[EVIL]]),
      log,
    ]) {
      expect(text).not.toMatch(unseen);
      expect(text).not.toMatch(forged);
    }
    expect(JSON.parse(log)).toMatchObject({ database: EVIL, msg: EVIL });
  });

  it('is printable in what a run records, reports and logs', async () => {
    const documents = createMemoryDocumentStore();
    const events: unknown[] = [];
    const description = {
      name: 'a',
      kind: 'sync',
      source: 's',
      dataset: 'd',
      target: 't',
      config: {},
    } as const;
    const record = await runJob(
      description,
      async (context) => {
        context.warn(EVIL);
        context.tell(EVIL);
        await context.phase(`database ${EVIL}`, async () => EVIL, String);
        return { schema: [{ name: EVIL, type: 'INTEGER' }] };
      },
      {
        trigger: { type: 'cli', triggeredBy: 'test' },
        scope: 'test',
        store: createRunStore(documents),
        workFolder: tmpdir(),
        logger: createLogger({ level: 'silent' }),
        onProgress: (event) => events.push(event),
      },
    );
    const told = events.flatMap((event) => Object.values(event as object)).map(String);
    const texts = [...record.warnings, ...record.phases.map(({ name }) => name), ...told];
    expect(texts.length).toBeGreaterThan(4);
    for (const text of texts) expect(text).toBe(printable(text));
    const keys = (await documents.list('', 100)).filter((key) => key.endsWith('.json'));
    for (const key of keys) expect(await documents.get(key)).not.toMatch(unseen);
    // Names stay what they are: the next result is compared with them.
    expect((await createRunStore(documents).get(record.id))?.schema).toEqual(record.schema);
    expect(record.schema?.[0]?.name).toBe(EVIL);
  });
});

describe('ferry validate', () => {
  it.each([
    ['a field', { version: 1, sources: {}, syncs: {}, [EVIL]: 1 }],
    ['the name of a sync', { version: 1, sources: {}, syncs: { [EVIL]: { source: EVIL, query: 'x' } } }],
    ['a value', { version: 1, sources: { a: { type: EVIL } }, syncs: {} }],
  ])('prints %s so that a terminal shows it', async (_, config) => {
    const folder = await mkdtemp(join(tmpdir(), 'ferry-printable-'));
    await writeFile(join(folder, 'ferry.yaml'), JSON.stringify(config));
    const context = createTestCliContext(folder);
    const program = await createProgram(context);
    const error = await program.parseAsync(['node', 'ferry', 'validate']).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(error).toBeInstanceOf(ConfigError);
    const { stdout, stderr } = context.output;
    for (const text of [error?.message ?? '', stdout, stderr]) {
      expect(text).not.toMatch(unseen);
      expect(text).not.toMatch(forged);
    }
    await rm(folder, { recursive: true });
  });
});
