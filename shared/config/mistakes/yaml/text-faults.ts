import { type Explain, type Explanation, lineAt } from './fault.ts';
import { explainTooDeep } from './layout-faults.ts';
import { fieldOf, findUnclosed, indentOf, isSecretLine, quoted } from './yaml-lines.ts';

/** Faults within a line: characters that mean something in YAML. */

export const explainDocuments: Explain = ({ code, line }) =>
  code === 'MULTIPLE_DOCS'
    ? [
        {
          line,
          message:
            'a second document begins here (---): ferry.yaml is one document, so remove the line, or what is below it',
        },
      ]
    : [];

export const explainTwice: Explain = (fault) => {
  if (fault.code !== 'DUPLICATE_KEY') return [];
  const tooDeep = explainTooDeep(fault);
  if (tooDeep.length > 0) return tooDeep;
  const text = lineAt(fault, fault.line);
  const [key] = /^["']?[\w-]+/.exec(text.slice(fault.column)) ?? [];
  if (/\S/.test(text.slice(0, fault.column).replace(/^\s*- /, ''))) {
    const which = key === undefined || isSecretLine(fault.lines, fault.line) ? 'a field' : `"${key}"`;
    return [{ line: fault.line, message: `${which} appears twice in { }: keep one of the two` }];
  }
  const indent = indentOf(text);
  const name = fieldOf(fault.lines, fault.line);
  // Of several with this name, the last one in front is the one in the same group.
  const other = fault.lines
    .slice(0, fault.line - 1)
    .findLastIndex((line) => indentOf(line) === indent && line.slice(indent).startsWith(`${key}:`));
  const where = other < 0 ? '' : `, also in line ${other + 1}`;
  const fix = /:\s*$/.test(text) ? 'put what is below both under one of them' : 'keep one of the two lines';
  return [
    {
      line: fault.line,
      message: `${name === undefined ? 'a field' : `"${name}"`} appears twice${where}: ${fix}`,
    },
  ];
};

export const explainTemplate: Explain = (fault) => {
  for (const at of [fault.line, fault.line - 1]) {
    if (!/\{\{.*\}\}/.test(lineAt(fault, at))) continue;
    const message =
      'Ferry replaces no {{ … }} in ferry.yaml: write the value itself, or have your templates replaced before Ferry reads the file';
    return [{ line: at, message }];
  }
  return [];
};

// Characters that a plain text cannot begin with. `*` is an alias, `&` an anchor, `!` a tag.
const SPECIAL = /^(.*?[:,[{-]\s+)([*%@`!&][^,}\]#]*?)(\s*(?:[,}\]].*)?)$/;
const SPECIAL_TO_END = /^(.*?[:,[{-]\s+)([*%@`!&].*?)(\s*[}\]]\s*)$/;

export const explainStart: Explain = (fault) => {
  const text = lineAt(fault, fault.line);
  const parts = SPECIAL.exec(text) ?? [];
  const [, start = '', value = ''] = parts;
  if (value === '') return [];
  const message =
    fault.code === 'TAG_RESOLVE_FAILED'
      ? `Ferry knows no tags such as ${isSecretLine(fault.lines, fault.line) ? '!env' : (/^!\S*/.exec(value)?.[0] ?? '!env')}: write the value itself (a secret is only named), or put a text that begins with ! in quotes`
      : `a text that begins with ${value[0]} must be in quotes`;
  if (isSecretLine(fault.lines, fault.line)) return [{ line: fault.line, message }];
  const field = /([\w-]+):\s+$/.exec(start)?.[1] ?? '';
  return [parts, SPECIAL_TO_END.exec(text) ?? []].flatMap(([, from = '', own = '', rest = '']) =>
    own === ''
      ? []
      : valuesFor(field, own.trimEnd()).map((right) => ({
          line: fault.line,
          message,
          lines: [`${from}${right}${rest}`],
        })),
  );
};

/** What may be meant by a value that begins with such a character. */
function valuesFor(field: string, value: string): string[] {
  const text = quoted(value.replace(/^!\S*\s*/, ''));
  const [, percent] = /^%\s*(\d+(?:\.\d+)?)$/.exec(value) ?? [];
  return [
    text,
    ...(percent === undefined ? [] : [`${percent}%`]),
    ...(field === 'schedule' ? [`{ cron: ${text} }`] : []),
    `[${text}]`,
  ];
}

/** A text that begins with a quote, and has another one in it, or none at its end. */
export const explainQuotes: Explain = (fault) => {
  for (let at = Math.min(fault.line + 1, fault.lines.length); at >= Math.max(1, fault.line - 30); at -= 1) {
    const text = lineAt(fault, at);
    const [, start, quote = '', rest] = /^(\s*(?:- +)?[\w-]+:\s+)(["'])(.*?)\s*$/.exec(text) ?? [];
    if (start === undefined || rest === undefined) continue;
    const closing = rest.indexOf(quote);
    if (closing >= 0 && closing === rest.length - 1) continue;
    const isSecret = isSecretLine(fault.lines, at);
    if (closing < 0) {
      const message = `${quote} is opened and not closed in this line: add ${quote} where the text ends`;
      return [{ line: at, message, ...(isSecret ? {} : { lines: [`${start}${quote}${rest}${quote}`] }) }];
    }
    // `"id" FROM orders` begins with a quoted name, and is not quoted itself.
    const inner = rest.endsWith(quote) ? rest.slice(0, -1) : quote + rest;
    const message = `a ${quote} within ${quote} ends the text: write ${quote === "'" ? "''" : '\\"'}, use the other kind of quotes, or write the text below |`;
    if (isSecret) return [{ line: at, message }];
    const indent = ' '.repeat(indentOf(text));
    return [
      { line: at, message, lines: [`${start}${quoted(inner)}`] },
      { line: at, message, lines: [`${start}|`, `${indent}  ${inner}`] },
    ];
  }
  return [];
};

export const explainUnclosed: Explain = ({ lines, code }) => {
  if (code === 'DUPLICATE_KEY') return [];
  const open = findUnclosed(lines);
  if (!open) return [];
  const { character, line } = open;
  const closing = character === '{' ? '}' : character === '[' ? ']' : character;
  const message = `${character} is opened and never closed: add ${closing}`;
  const text = lineAt({ lines }, line);
  if (/["']/.test(character)) return [{ line, message: `${message} where the text ends` }];
  return [{ line, message, lines: [`${text.trimEnd()} ${closing}`] }];
};

export const explainColon: Explain = (fault) =>
  [fault.line, fault.line - 1, fault.line + 1].flatMap((at): Explanation[] => {
    const text = lineAt(fault, at);
    const [, start, key, value] = /^(\s*(?:- +)?)([\w-]+):([^\s/].*)$/.exec(text) ?? [];
    if (key === undefined || value === undefined || /:\s/.test(text)) return [];
    const name = fieldOf([...fault.lines.slice(0, at - 1), `${start}${key}: x`], at);
    const where = name === undefined ? 'the name of the field' : `"${name}:"`;
    return [{ line: at, message: `a space is missing after ${where}`, lines: [`${start}${key}: ${value}`] }];
  });

export const explainInnerColon: Explain = (fault) =>
  [fault.line, fault.line - 1].flatMap((at): Explanation[] => {
    const text = lineAt(fault, at);
    const [, start, value] = /^(\s*(?:- +)?[\w-]+:\s+)([^\s'"{[|>].*?:(?:\s.*|))$/.exec(text) ?? [];
    if (start === undefined || value === undefined) return [];
    const message =
      'a colon with a space behind it begins another field: put a text that contains one in quotes';
    if (value.endsWith(':') && !/:\s/.test(value)) {
      const right = [`${start}${value.slice(0, -1)}`];
      return [{ line: at, message: 'a colon at the end of the line is too much', lines: right }];
    }
    if (isSecretLine(fault.lines, at)) return [{ line: at, message }];
    return [{ line: at, message, lines: [`${start}${quoted(value)}`] }];
  });

/** Fields within { } without commas between them. */
export const explainCommas: Explain = (fault) => {
  const text = lineAt(fault, fault.line);
  const right = text.replace(/([^\s,{[:])\s+(?=["']?[\w-]+["']?:\s)/g, '$1, ');
  if (!/[{[]/.test(text) || right === text) return [];
  return [{ line: fault.line, message: 'a comma is missing between two fields in { }', lines: [right] }];
};

export const explainEscape: Explain = (fault) => {
  if (fault.code !== 'BAD_DQ_ESCAPE') return [];
  const message = 'a \\ in double quotes begins an escape: write \\\\, or use single quotes';
  const text = lineAt(fault, fault.line);
  const right = text.replace(
    /"((?:[^"\\]|\\.)*)"/g,
    (_, inner: string) => `'${inner.replaceAll("'", "''")}'`,
  );
  if (isSecretLine(fault.lines, fault.line)) return [{ line: fault.line, message }];
  return [{ line: fault.line, message, lines: [right] }];
};
