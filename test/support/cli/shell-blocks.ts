/** A fenced block of shell commands in a Markdown page. */
export interface ShellBlock {
  /** The heading that it is below. */
  heading: string;
  /** Its first command, to call it by. */
  title: string;
  code: string;
  /** Why the tests do not run it, as the page says in a comment before it. */
  notRun?: string;
}

/**
 * The ```sh blocks of a page, in their order. One that no emulator can run has a line before it:
 * `<!-- not run by the tests: reason -->`.
 */
export function shellBlocksOf(markdown: string): ShellBlock[] {
  const blocks: ShellBlock[] = [];
  let heading = '';
  let notRun: string | undefined;
  const lines = markdown.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (line.startsWith('```')) {
      const end = lines.indexOf('```', at + 1);
      if (end < 0) throw new Error(`The block of line ${at + 1} has no end.`);
      if (/^```(sh|bash|shell)$/.test(line)) {
        const code = lines.slice(at + 1, end);
        const title = code.find((command) => !command.startsWith('#')) ?? '';
        blocks.push({ heading, title, code: code.join('\n'), ...(notRun && { notRun }) });
      }
      at = end;
      notRun = undefined;
    } else if (line.startsWith('#')) {
      heading = line.replace(/^#+ /, '');
    } else if (line !== '') {
      notRun = line.match(/^<!-- not run by the tests: (.+) -->$/)?.[1];
    }
  }
  return blocks;
}
