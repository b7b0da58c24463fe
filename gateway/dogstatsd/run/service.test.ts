/** The service over a log on a real disk that answers when it is told to. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { simulatedClock } from '../../../test/support/simulated-clock.ts';
import { intakeOptions } from '../testdata/intakes.ts';
import { datadogWrapper } from '../wrap/datadog.ts';
import { wrapSettingsDefault } from '../wrap/settings.ts';
import { RawLog } from './raw-log.ts';
import { DogstatsdService } from './service.ts';

let dataDir: string;
let log: RawLog;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'obsctl-dogstatsd-'));
});
afterEach(async () => {
  await log.shut();
  await rm(dataDir, { recursive: true });
});

/** The log, but a batch is taken only once `released` resolves, whatever that is by then. */
function slowLog(released: () => Promise<void>): RawLog {
  return new Proxy(log, {
    get: (target, name) => {
      if (name === 'append') {
        return async (...args: Parameters<RawLog['append']>) => {
          await released();
          return await target.append(...args);
        };
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

it('closes no window before the datagrams of it that wait for the disk are folded', async () => {
  const clock = simulatedClock();
  let released = Promise.resolve();
  const windowMs = 2_000;
  log = await RawLog.open(dataDir, clock, () => {});
  const service = await DogstatsdService.start({
    log: slowLog(() => released),
    clock,
    intake: intakeOptions({ windowMs }),
    wrapper: datadogWrapper(wrapSettingsDefault),
    target: { address: { host: '127.0.0.1', port: 9 }, secret: undefined },
    say: () => {},
  });
  service.take(Buffer.from('slow.disk:1|c'));
  await service.tick();
  const { promise, resolve: release } = Promise.withResolvers<void>();
  released = promise;
  service.take(Buffer.from('slow.disk:1|c'));
  clock.advance(windowMs * 3);
  const ticked = service.tick();
  // Time for a close that would not wait.
  await pause(20);
  expect(service.counts).toMatchObject({ logged: 1, closings: 0 });
  release();
  await ticked;
  expect(service.counts).toMatchObject({ logged: 2, refused: 0, closings: 1 });
  expect(service.intake.aggregator.counts.late).toBe(0);
});
