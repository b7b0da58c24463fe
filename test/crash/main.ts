/**
 * `npm run crash -- --cycles N`: kills at random and at named points under load (`cycles.ts`);
 * `--load-ms` of load before each, `--pause-ms` of a sender between requests.
 * `npm run crash -- --fault F7`, or `--all`: the fault matrix (`matrix.ts`), `--short` as in
 * `npm test`, `--minutes N` of what lasts (H1, H2, F34). `--seed S` repeats a run. Prints a JSON
 * line a run; exits 1 when one failed.
 */
import { parseArgs } from 'node:util';
import { runCycles } from './cycles.ts';
import { runFaults } from './matrix.ts';

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '20' },
    fault: { type: 'string', multiple: true },
    all: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    'load-ms': { type: 'string', default: '3000' },
    'pause-ms': { type: 'string', default: '12' },
    verbose: { type: 'boolean', default: false },
  },
});
const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
const ids = values.all ? undefined : values.fault;
const isGood =
  values.all || ids !== undefined
    ? await runFaults({
        ids,
        seed,
        isShort: values.short,
        minutes: values.minutes === undefined ? undefined : Number(values.minutes),
      })
    : await runCycles({
        cycles: Number(values.cycles),
        seed,
        isVerbose: values.verbose,
        loadMs: Number(values['load-ms']),
        pauseMs: Number(values['pause-ms']),
      });
if (!isGood) process.exitCode = 1;
