import { describe, expect, it } from 'vitest';
import { shellBlocksOf } from '../../support/cli/shell-blocks.ts';

describe('shellBlocksOf', () => {
  it('finds the blocks of commands below their headings, and ignores other blocks', () => {
    const page =
      '# One\n```sh\n# a comment\nls\ncd\n```\n## Two\n```yaml\n# no heading\n```\n\n```bash\npwd\n```\n';
    expect(shellBlocksOf(page)).toEqual([
      { heading: 'One', title: 'ls', code: '# a comment\nls\ncd' },
      { heading: 'Two', title: 'pwd', code: 'pwd' },
    ]);
  });

  it('takes the reason for a block that is not run from the line before it, for that block only', () => {
    const page = '<!-- not run by the tests: needs Docker -->\n\n```sh\ndocker ps\n```\n```sh\nls\n```\n';
    expect(shellBlocksOf(page).map(({ title, notRun }) => [title, notRun])).toEqual([
      ['docker ps', 'needs Docker'],
      ['ls', undefined],
    ]);
  });

  it('refuses a block without an end', () => {
    expect(() => shellBlocksOf('text\n```sh\nls\n')).toThrow('The block of line 2 has no end.');
  });
});
