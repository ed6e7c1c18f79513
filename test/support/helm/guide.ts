import { readFileSync } from 'node:fs';

const page = (path: string) => readFileSync(new URL(`../../../docs/${path}`, import.meta.url), 'utf8');

/** The code blocks of a page of docs/, each with its language. */
export function codeBlocks(path: string): { language: string; code: string }[] {
  const blocks = page(path).matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm);
  return [...blocks].map(([, language = '', code = '']) => ({ language, code }));
}

/** The values files of the chart that docs/serve.md shows; of one that is changed, what it becomes. */
export function guideValues(): string[] {
  return codeBlocks('serve.md').flatMap(({ language, code }) => {
    if (!/^.?imageRepository:/m.test(code)) return [];
    if (language === 'yaml') return [code];
    const kept = code.split('\n').filter((line) => !line.startsWith('-'));
    return [kept.map((line) => line.slice(1)).join('\n')];
  });
}
