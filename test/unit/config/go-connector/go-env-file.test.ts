import { describe, expect, it } from 'vitest';
import { EnvFileSyntaxError, parseEnvText } from '../../../../shared/config/go-connector/go-env-file.ts';

describe('parseEnvText', () => {
  // Each expectation is what github.com/joho/godotenv v1.5.1 printed for the same text.
  it.each([
    ['A=ab#cd', { A: 'ab#cd' }],
    ['A=ab #cd', { A: 'ab' }],
    ['A=ab # c # d', { A: 'ab # c' }],
    ['A=#x', { A: '#x' }],
    ['A="a # b" # c', { A: 'a # b' }],
    ["A='a$B\\n'", { A: 'a$B\\n' }],
    ['B=1\nA=$B-$' + '{B}-\\$B', { B: '1', A: '1-1-$B' }],
    ['B=1\nA="x$B \\n \\" \\$B \\t"', { B: '1', A: 'x1 \n " $B t' }],
    ['A=`x y`', { A: '`x y`' }],
    ['export A=1', { A: '1' }],
    ['A: 2', { A: '2' }],
    ['# c\n\nA=1\r\nB=2', { A: '1', B: '2' }],
    ['A=\nB=2', { A: '', B: '2' }],
    ['A="multi\nline"\nB=1', { A: 'multi\nline', B: '1' }],
    ["E=SELECT * FROM db.t WHERE a = '#1'", { E: "SELECT * FROM db.t WHERE a = '#1'" }],
    ['E="SELECT * FROM db.\\"T\\""', { E: 'SELECT * FROM db."T\\' }],
    ['A=pass$word', { A: 'pass$word' }],
    ['A=pass$WORD', { A: 'pass' }],
    ['A=ü ß', { A: 'ü ß' }],
    ['A=a=b=c', { A: 'a=b=c' }],
    ['A=1  \t', { A: '1' }],
  ])('reads %j as Go does', (text, expected) => {
    expect(parseEnvText(text)).toEqual(expected);
  });

  it.each([
    ['E="SELECT * FROM db.\\"T\\""', [['E', '"']]],
    ["P='it\\''", [['P', "'"]]],
    ['A="a\\"b$NONE"', [['A', '$']]],
    ['A=\'\'\nB=""\nC=\'x\'\nD="a \\"b\\" c"', []],
  ])('says what a value of %j has lost', (text, expected) => {
    const lost: string[][] = [];
    parseEnvText(text, (name, loss) => lost.push([name, loss]));
    expect(lost).toEqual(expected);
  });

  it.each([
    ['A="x', 1, '" is opened and never closed'],
    ["B=1\nA='x\nC=1", 2, "' is opened and never closed"],
    ['A=1\nA B', 2, 'expected NAME=value'],
    ['\n\nA-B=1', 3, 'expected NAME=value'],
    ['Q=SELECT id,\n  name FROM t', 2, 'quotes around a value of several lines'],
    [
      "A=1\nP='a''b'",
      2,
      'P ends at its second \', but more follows on the line: to have a \' within it, put it in "…"',
    ],
    [
      'Q="SELECT "a" FROM t"',
      1,
      'Q ends at its second ", but more follows on the line: write \\" for a " within it',
    ],
    ['A="multi\nline" "x"', 2, 'A ends at its second "'],
    ["A='1'\nP-Q='2'", 2, 'expected NAME=value'],
  ])('reports the line of %j, without repeating it', (text, line, expected) => {
    expect(() => parseEnvText(text)).toThrow(EnvFileSyntaxError);
    expect(() => parseEnvText(text)).toThrow(`line ${line}: `);
    expect(() => parseEnvText(text)).toThrow(expected);
  });
});
