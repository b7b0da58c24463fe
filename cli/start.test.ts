/** What a person waits for before anything happens: the files that are read first. */
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { runProgram } from '../test/support/program.ts';

const main = join(import.meta.dirname, 'main.ts');

/** Prints the name of each package of which a file is loaded. */
const listPackages = `import { registerHooks } from 'node:module';
const seen = new Set();
registerHooks({
  load(url, context, next) {
    const name = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1];
    if (name !== undefined) seen.add(name);
    return next(url, context);
  },
});
process.on('exit', () => console.error('packages', ...seen));`;

// Heavy imports stand inside the action: YAML and zod alone would be a third of the time.
it.each([['--help'], ['gateway', '--help'], ['--version']])(
  'obsctl %s %s loads the parser of commands and no other package',
  async (...words) => {
    const hook = `data:text/javascript,${encodeURIComponent(listPackages)}`;
    const { code, stderr } = await runProgram(process.execPath, ['--import', hook, main, ...words]);
    expect({ code, said: /^packages.*$/m.exec(stderr)?.[0] }).toEqual({
      code: 0,
      said: 'packages commander',
    });
  },
);
