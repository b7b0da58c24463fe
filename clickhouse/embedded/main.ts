/**
 * The embedded engine's process: `node main.ts '{"dataDir": …}'`, started by `launch.ts` with a
 * thread pool of the right size. Writes one JSON line to stdout when it answers. Ends on SIGTERM,
 * SIGINT, or when the process that started it goes away (its IPC channel closes).
 */
import { systemClock } from '../../core/clock.ts';
import { formatProblem, isProblem } from '../../core/problem.ts';
import type { EmbeddedOptions } from './options.ts';
import { startEmbedded } from './start.ts';

try {
  const options: EmbeddedOptions = JSON.parse(process.argv[2] ?? '{}');
  const running = await startEmbedded(options, systemClock);
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(130);
    stopping = true;
    void running.stop().then(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (process.connected) process.on('disconnect', () => void stop());
  process.stdout.write(`${JSON.stringify(running.announcement)}\n`);
} catch (error) {
  if (!isProblem(error)) throw error;
  process.stderr.write(`${formatProblem(error)}\n`);
  process.exit(error.reach === 'outside' ? 3 : 2);
}
