import type { YAMLError } from 'yaml';
import type { Explain, Explanation, Fault } from './fault.ts';
import {
  explainBlockText,
  explainContinuation,
  explainIndent,
  explainMissingColon,
  explainNameWithoutColon,
  explainOtherEntry,
  explainSection,
  explainTab,
} from './layout-faults.ts';
import {
  explainColon,
  explainCommas,
  explainDocuments,
  explainEscape,
  explainInnerColon,
  explainQuotes,
  explainStart,
  explainTemplate,
  explainTwice,
  explainUnclosed,
} from './text-faults.ts';

const SENTENCES: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  BAD_INDENT: 'the indentation does not match the lines above',
  BLOCK_IN_FLOW: 'lines with a field each are not possible inside { } or [ ]: separate the fields by commas',
  KEY_OVER_1024_CHARS: 'the name of a field is longer than 1024 characters',
  MISSING_CHAR: 'a comma, a colon, or the end of a quote is missing',
  NON_STRING_KEY: 'the name of a field must be text',
  UNEXPECTED_TOKEN: 'something here does not belong: put a text with special characters in quotes',
};

// What can be told for certain.
const CERTAIN: readonly Explain[] = [
  explainDocuments,
  explainTwice,
  explainTemplate,
  explainTab,
  explainEscape,
];
// From the likely to the unlikely.
const LIKELY: readonly Explain[] = [
  explainStart,
  explainBlockText,
  explainColon,
  explainNameWithoutColon,
  explainMissingColon,
  explainCommas,
  explainQuotes,
  explainUnclosed,
  explainInnerColon,
  explainContinuation,
  explainSection,
  explainIndent,
  explainOtherEntry,
];

/**
 * What the first fault of a file may be; the others usually follow from it.
 *
 * @returns the likeliest first, and never none
 */
export function explainYamlFault(fault: Fault): readonly Explanation[] {
  const certain = CERTAIN.map((explain) => explain(fault)).find((found) => found.length > 0);
  if (certain) return certain;
  const likely = LIKELY.flatMap((explain) => explain(fault));
  const message =
    SENTENCES[fault.code] ??
    'this cannot be read: check the indentation, and put texts with special characters in quotes';
  return [...likely, { line: fault.line, message }];
}
