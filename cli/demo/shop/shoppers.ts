/** The load: shoppers who look around, fill a cart and sometimes pay. */
import { call, log, type World } from './service.ts';
import { productIds } from './services.ts';

const shoppersAtOnce = 6;
const signUpShare = 0.03;

/** Keeps a few shoppers busy until the world ends. */
export async function shop(world: World): Promise<void> {
  await Promise.all(Array.from({ length: shoppersAtOnce }, () => shopper(world)));
}

async function shopper(world: World): Promise<void> {
  const { pauseMs } = world;
  while (!world.signal.aborted) {
    await visit(world).catch((error: unknown) => {
      if (world.signal.aborted) return;
      log('WARN', `a shopper gave up: ${Error.isError(error) ? error.message : String(error)}`);
    });
    await world.clock.sleep(pauseMs * (0.5 + world.random()), world.signal);
  }
}

async function visit(world: World): Promise<void> {
  const pause = (): Promise<void> =>
    world.clock.sleep(world.pauseMs * world.random(), world.signal);
  await call(world, 'storefront', 'GET', '/');
  const user = await userOf(world);
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

/** Mostly somebody who was here before; where there is a database, now and then somebody new. */
async function userOf(world: World): Promise<string> {
  if (world.store !== undefined && world.random() < signUpShare) {
    const { status, body } = await call(world, 'storefront', 'POST', '/sign-up');
    if (status === 200) return (body as { user: string }).user;
  }
  return `user-${Math.floor(world.random() * 900) + 100}`;
}

function pick(world: World, values: readonly string[]): string {
  return values[Math.floor(world.random() * values.length)] ?? '';
}
