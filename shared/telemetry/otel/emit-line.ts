import { type Attributes, context, type Logger, SeverityNumber } from '@opentelemetry/api';
import { JOB_NAME, RUN_ID } from '../attributes.ts';

const severities: Readonly<Record<string, SeverityNumber>> = {
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
};
/** Fields that have a name of their own elsewhere. */
const names: Readonly<Record<string, string>> = { run: RUN_ID, job: JOB_NAME, class: 'error.type' };

/** Emits a line of the JSON log as a record. It belongs to the span that is under way. */
export function emitLine(logger: Logger, line: string): void {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return;
  }
  const { time, level, msg, trace_id: _trace, span_id: _span, ...facts } = fields;
  const attributes: Attributes = {};
  for (const [name, value] of Object.entries(facts)) {
    const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    attributes[names[name] ?? name] = isPlain ? value : JSON.stringify(value);
  }
  logger.emit({
    timestamp: new Date(String(time)),
    severityText: String(level).toUpperCase(),
    severityNumber: severities[String(level)] ?? SeverityNumber.UNSPECIFIED,
    body: String(msg ?? ''),
    attributes,
    context: context.active(),
  });
}
