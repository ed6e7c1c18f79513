import { compileOnce, SMALL } from '../go/compile-once.ts';

const version = 'v3.22.0';

/** Helm itself. */
export const helmProgram = (): Promise<string> =>
  compileOnce({ name: 'helm', version }, (run) =>
    run('go', ['install', '-trimpath', SMALL, `helm.sh/helm/v3/cmd/helm@${version}`]),
  );
