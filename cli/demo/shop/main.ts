/**
 * One shop service in a process of its own: `node --import instrument.ts main.ts SERVICE PAUSE_MS`.
 * Tells its parent where it listens, learns where the others do, and ends with its parent.
 */
import { systemClock } from '../../../core/clock.ts';
import { stopTelemetry } from './instrument.ts';
import { fulfil, orderQueue } from './orders.ts';
import { payment } from './payment.ts';
import { type Route, type RunningService, serve, type World } from './service.ts';
import { cart, catalog, checkout, storefront } from './services.ts';
import type { ListeningMessage, PeersMessage, ShopAddresses, ShopService } from './shop-types.ts';
import { shop } from './shoppers.ts';
import { openStore } from './store.ts';

type Program = {
  readonly routes?: (world: World) => readonly Route[];
  readonly loop?: (world: World) => Promise<void>;
};

const programs: Readonly<Record<ShopService, Program>> = {
  storefront: { routes: storefront },
  catalog: { routes: catalog },
  cart: { routes: cart },
  checkout: { routes: checkout },
  payment: { routes: payment },
  'order-queue': { routes: orderQueue },
  fulfilment: { loop: fulfil },
  shoppers: { loop: shop },
};

const name = process.argv[2] as ShopService;
const pauseMs = Number(process.argv[3]);
const program = programs[name];
const abort = new AbortController();
let addresses: ShopAddresses = {};
let loop: Promise<void> = Promise.resolve();

const dsn = process.env['SHOP_DSN'] ?? '';
// Connects with the first query, which most services never make.
const store = dsn === '' ? undefined : openStore(dsn);

const world: World = {
  clock: systemClock,
  random: Math.random,
  pauseMs,
  addresses: () => addresses,
  signal: abort.signal,
  ...(store !== undefined && { store }),
};

const running: RunningService | undefined =
  program.routes === undefined ? undefined : await serve(program.routes(world));
const listening: ListeningMessage = { kind: 'listening', url: running?.url };
process.send?.(listening);
process.on('message', (message: PeersMessage) => {
  addresses = message.addresses;
  loop = program.loop?.(world) ?? loop;
});
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.on('disconnect', stop);

function stop(): void {
  if (abort.signal.aborted) return;
  abort.abort();
  void end();
}

async function end(): Promise<void> {
  await running?.close();
  await loop;
  await store?.close();
  await stopTelemetry().catch(() => undefined);
  process.exit(0);
}
