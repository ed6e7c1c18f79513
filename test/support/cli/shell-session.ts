import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';

/** What a person has open while they follow a page: one bash, whose variables and functions stay. */
export interface ShellSession {
  /** Runs commands as if they were pasted, and returns what they printed. Throws, with that, when the last of a line fails. */
  run(code: string, timeoutMs: number): Promise<string>;
  stop(): void;
}

/** Opens a shell in a folder, with this environment and nothing else. */
export function openShell(cwd: string, env: Readonly<Record<string, string>>): ShellSession {
  const shell = spawn('bash', ['--noprofile', '--norc', '-o', 'pipefail'], {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let printed = '';
  let errors = '';
  let onOutput = () => {};
  shell.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
    onOutput();
  });
  shell.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const stop = () => {
    // The group, as a command may be under way.
    if (shell.exitCode === null && shell.pid !== undefined) process.kill(-shell.pid, 'SIGKILL');
  };
  return {
    stop,
    run(code, timeoutMs) {
      printed = '';
      errors = '';
      const end = `end-${randomUUID()}`;
      return new Promise((resolve, reject) => {
        const failed = (why: string) => {
          const message = `${why}:\n${code}\n── stdout\n${printed}\n── stderr\n${errors}`;
          reject(new Error(message));
        };
        const timer = setTimeout(() => {
          stop();
          failed(`No end within ${timeoutMs / 1000} s`);
        }, timeoutMs);
        onOutput = () => {
          const found = printed.match(new RegExp(`\\n?${end} (\\d+)\\n`));
          if (!found) return;
          clearTimeout(timer);
          printed = printed.slice(0, found.index);
          if (found[1] === '0') resolve(printed);
          else failed(`Exit code ${found[1]}`);
        };
        // A command that fails ends the block, and not the shell; commands must not read what comes after them as their input.
        const failure = `ferry_failed=0; trap '[ $ferry_failed -ne 0 ] || ferry_failed=$?' ERR`;
        shell.stdin.write(
          `${failure}\n{\n${code}\n} </dev/null\ntrap - ERR; printf '\\n%s %s\\n' ${end} $ferry_failed\n`,
        );
      });
    },
  };
}
