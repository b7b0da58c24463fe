/** The load: shoppers who look around, fill a cart and sometimes pay. */
import { call, log, type World } from './service.ts';
import { productIds } from './services.ts';

const shoppersAtOnce = 6;

/** Keeps a few shoppers busy until the world ends. */
export async function shop(world: World): Promise<void> {
  await Promise.all(Array.from({ length: shoppersAtOnce }, () => shopper(world)));
}

async function shopper(world: World): Promise<void> {
  const { pauseMs } = world;
  while (!world.signal.aborted) {
    const user = `user-${Math.floor(world.random() * 900) + 100}`;
    await visit(world, user).catch((error: unknown) => {
      if (world.signal.aborted) return;
      log('WARN', `${user} gave up: ${Error.isError(error) ? error.message : String(error)}`);
    });
    await world.clock.sleep(pauseMs * (0.5 + world.random()), world.signal);
  }
}

async function visit(world: World, user: string): Promise<void> {
  const pause = (): Promise<void> =>
    world.clock.sleep(world.pauseMs * world.random(), world.signal);
  await call(world, 'storefront', 'GET', '/');
  const looks = 1 + Math.floor(world.random() * 3);
  for (let look = 0; look < looks && !world.signal.aborted; look += 1) {
    await pause();
    // Now and then somebody follows an old link.
    const id = world.random() < 0.02 ? 'discontinued' : pick(world, productIds);
    await call(world, 'storefront', 'GET', `/product/${id}`);
    await call(world, 'storefront', 'POST', `/cart/${user}`, { body: { product: id } });
  }
  if (world.random() < 0.6) await call(world, 'storefront', 'POST', `/checkout/${user}`);
}

function pick(world: World, values: readonly string[]): string {
  return values[Math.floor(world.random() * values.length)] ?? '';
}
