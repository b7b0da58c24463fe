/**
 * Starts the stand-ins and prints what `TF_REATTACH_PROVIDERS` has to be, until stdin closes:
 * `node terraform/stand-in/main.ts`, and in another terminal `export TF_REATTACH_PROVIDERS='…'`.
 */
import { reattach, startAll } from './reattach.ts';

const running = await startAll();
process.stdout.write(`${reattach(running)}\n`);
process.stdin.resume();
process.stdin.once('end', () => {
  for (const { stop } of running) stop();
});
