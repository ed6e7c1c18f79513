// Imported before a program (node --import): prints the files that it has loaded, at its end.
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

const loaded = new Set();
registerHooks({
  load(url, context, nextLoad) {
    if (url.startsWith('file:')) loaded.add(fileURLToPath(url));
    return nextLoad(url, context);
  },
});
process.on('exit', () => process.stdout.write(`\n${JSON.stringify([...loaded])}\n`));
