/** A gateway before tables of engine Null, for benches: blocks are parsed and checked, not kept. */
import { startEngine, type TestEngine } from './engine.ts';
import { startGateway, type TestGateway } from './gateway.ts';
import { createNullTables } from './gateway-load.ts';

export const nullDatabase = 'bench';

export type NullGateway = {
  readonly engine: TestEngine;
  readonly gateway: TestGateway;
  /** What a bench starts beside; stopped before the gateway, the last one first. */
  readonly stops: AsyncDisposableStack;
};

/** Starts engine and gateway (with `args` besides), and stops both, whatever comes. */
export async function withNullGateway(
  args: readonly string[],
  use: (parts: NullGateway) => Promise<void>,
): Promise<void> {
  await using stops = new AsyncDisposableStack();
  const engine = await startEngine();
  stops.defer(engine.stop);
  await createNullTables(engine.url, nullDatabase);
  const gateway = await startGateway({
    clickhouseUrl: engine.url,
    args: ['--database', nullDatabase, '--no-migrate', ...args],
  });
  stops.defer(async () => {
    await gateway.stop();
  });
  await use({ engine, gateway, stops });
}
