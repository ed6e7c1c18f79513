import { expect, it } from 'vitest';
import { isWebPage } from '../../../../shared/polyteia/http/upload-answer.ts';

const answer = (text: string) => ({ status: 200, text, contentType: 'text/plain' });

it.each([
  '<html>',
  '\uFEFF \n<!DOCTYPE html>',
  '<?xml version="1.0"?><!-- a -- b --><!----><HTML lang="de">',
])('is a web page: %j', (text) => expect(isWebPage(answer(text))).toBe(true));

it.each([
  ['comments', '<!-- a -->\n'.repeat(25_000)],
  ['beginnings of comments', '<!--'.repeat(65_000)],
  ['declarations', '<?xml '.repeat(45_000)],
])('many %s are looked through at once', (_what, text) => {
  const begin = performance.now();
  expect(isWebPage(answer(`${text}<p>`))).toBe(false);
  expect(performance.now() - begin).toBeLessThan(2_000);
});
