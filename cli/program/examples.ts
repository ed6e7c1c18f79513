/** One or two lines for the help of each command: how it is called in daily life. */
export const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  validate: ['ferry validate --config town/ferry.yaml'],
  check: ['ferry check --secrets secrets.json', 'ferry --stack Ferry check open-orders'],
  preview: ['ferry preview open-orders --rows 20 --secrets secrets.json'],
  tree: ['ferry tree erp --extraction nightly-catalogs --secrets secrets.json'],
  run: [
    'ferry run open-orders --secrets secrets.json',
    'ferry run --all --parallel 2 --dry-run --out today --secrets secrets.json',
  ],
  jobs: ['ferry --stack Ferry jobs'],
  runs: ['ferry runs open-orders --limit 50'],
  logs: ['ferry --stack Ferry logs open-orders --since 2h'],
  console: ['ferry console --secrets secrets.json', 'ferry --stack Ferry console'],
  serve: ['ferry serve --config /etc/ferry/ferry.yaml --state /var/lib/ferry'],
  'run-once': ['ferry run-once open-orders --config /etc/ferry/ferry.yaml'],
  schedule: ['ferry schedule open-orders --count 10'],
  cost: ['ferry cost --seconds 20', 'ferry --stack Ferry cost --config town/ferry.yaml'],
  cancel: ['ferry cancel 019aa401-7c1e'],
  accept: ['ferry accept 019aa401-7c1e --why "New fiscal year" --secrets secrets.json'],
  resend: ['ferry resend 019aa401-7c1e --secrets secrets.json'],
  clean: ['ferry clean --dry-run', 'ferry clean --days 30'],
  compare: [
    'ferry compare old.parquet new.parquet --key id --examples 5',
    'ferry compare week/mon/old week/mon/new',
  ],
  init: ['ferry init my-town', 'ferry init --from-env old/ --out town --secrets-out secrets.json'],
  completion: [
    'source <(ferry completion bash)',
    'ferry completion fish > ~/.config/fish/completions/ferry.fish',
  ],
};
