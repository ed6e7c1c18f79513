import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compileOnce, SMALL } from '../go/compile-once.ts';

const version = 'v1.25.0';
const MODULE = 'github.com/prometheus/client_golang';

// What `promtool check metrics` does, without the rest of Prometheus.
const source = `package main

import (
	"fmt"
	"os"

	"${MODULE}/prometheus/testutil/promlint"
)

func main() {
	problems, err := promlint.New(os.Stdin).Lint()
	if err != nil {
		fmt.Println(err)
	}
	for _, problem := range problems {
		fmt.Println(problem.Metric + ": " + problem.Text)
	}
}
`;

/** What Prometheus' own linter has against an answer of `/metrics`: a sentence for each problem. */
export async function lintMetrics(text: string): Promise<string[]> {
  const program = await compileOnce({ name: 'promlint', version }, async (run, folder) => {
    await writeFile(join(folder, 'main.go'), source);
    await run('go', ['mod', 'init', 'ferry.test/promlint']);
    await run('go', ['get', `${MODULE}/prometheus/testutil/promlint@${version}`]);
    await run('go', ['build', '-trimpath', SMALL, '-o', 'promlint', '.']);
  });
  return execFileSync(program, { input: text, encoding: 'utf8' }).split('\n').filter(Boolean);
}
