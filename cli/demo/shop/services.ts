/** The shop's services that only answer: storefront, catalog, cart, checkout. */
import { metrics, trace } from '@opentelemetry/api';
import { call, customerOf, log, type Reply, type Route, type World, work } from './service.ts';

const products = [
  { id: 'kettle', name: 'Enamel kettle', cents: 3_900 },
  { id: 'lamp', name: 'Desk lamp', cents: 5_450 },
  { id: 'mug', name: 'Stoneware mug', cents: 1_290 },
  { id: 'notebook', name: 'Grid notebook', cents: 890 },
  { id: 'backpack', name: 'Canvas backpack', cents: 8_900 },
  { id: 'radio', name: 'Kitchen radio', cents: 6_990 },
] as const;

export const productIds: readonly string[] = products.map((product) => product.id);

const cartLinesMax = 20;
const cartsMax = 5_000;

export function storefront(world: World): readonly Route[] {
  const pass = async (reply: Promise<Reply>): Promise<Reply> => {
    try {
      const { status, body } = await reply;
      return { status: status >= 500 ? 502 : status, body };
    } catch (error) {
      const text = Error.isError(error) ? error.message : String(error);
      log('ERROR', `a page could not be built: ${text}`, { 'error.type': 'upstream' });
      return { status: 502, body: { error: text } };
    }
  };
  return [
    {
      method: 'GET',
      route: '/',
      handle: async () => {
        await work(world, 4);
        return await pass(call(world, 'catalog', 'GET', '/products'));
      },
    },
    {
      method: 'GET',
      route: '/product/{id}',
      handle: async ({ params }) => {
        await work(world, 3);
        return await pass(call(world, 'catalog', 'GET', `/products/${params['id']}`));
      },
    },
    {
      method: 'POST',
      route: '/cart/{user}',
      handle: ({ params, body }) =>
        pass(call(world, 'cart', 'POST', `/carts/${params['user']}`, { body })),
    },
    {
      method: 'POST',
      route: '/checkout/{user}',
      handle: ({ params }) => {
        customerOf(params['user'] ?? '');
        return pass(call(world, 'checkout', 'POST', `/orders/${params['user']}`));
      },
    },
    {
      method: 'POST',
      route: '/sign-up',
      handle: async () => {
        if (world.store === undefined) return { status: 404, body: { error: 'no such page' } };
        await work(world, 6);
        const customer = await world.store.addCustomer(planOf(world.random()));
        trace.getActiveSpan()?.setAttribute('shop.customer.id', String(customer));
        log('INFO', 'a customer signed up', { 'shop.customer.id': String(customer) });
        return { status: 200, body: { user: `user-${customer}` } };
      },
    },
  ];
}

/** As those who are there: most are free, a few pay for much. */
function planOf(random: number): string {
  if (random < 0.05) return 'enterprise';
  return random < 0.25 ? 'team' : 'free';
}

export function catalog(world: World): readonly Route[] {
  return [
    {
      method: 'GET',
      route: '/products',
      handle: async () => {
        await work(world, 9);
        return { status: 200, body: products };
      },
    },
    {
      method: 'GET',
      route: '/products/{id}',
      handle: async ({ params }) => {
        await work(world, 5);
        const product = products.find((candidate) => candidate.id === params['id']);
        if (product === undefined) {
          log('WARN', `no product is called ${params['id']}`, {
            'shop.product': params['id'] ?? '',
          });
          return { status: 404, body: { error: 'no such product' } };
        }
        return { status: 200, body: product };
      },
    },
  ];
}

export function cart(world: World): readonly Route[] {
  const carts = new Map<string, string[]>();
  return [
    {
      method: 'POST',
      route: '/carts/{user}',
      handle: async ({ params, body }) => {
        await work(world, 3);
        const user = params['user'] ?? '';
        const lines = carts.get(user) ?? [];
        if (lines.length < cartLinesMax) lines.push(String((body as { product?: string }).product));
        if (carts.size >= cartsMax) carts.clear();
        carts.set(user, lines);
        log('DEBUG', `cart of ${user} has ${lines.length} lines`, { 'shop.lines': lines.length });
        return { status: 200, body: { lines: lines.length } };
      },
    },
    {
      method: 'GET',
      route: '/carts/{user}',
      handle: async ({ params }) => {
        await work(world, 2);
        return { status: 200, body: carts.get(params['user'] ?? '') ?? [] };
      },
    },
  ];
}

export function checkout(world: World): readonly Route[] {
  const orders = metrics.getMeter('shop').createCounter('shop.orders', {
    unit: '{order}',
    description: 'Orders by outcome',
  });
  return [
    {
      method: 'POST',
      route: '/orders/{user}',
      handle: async ({ params }) => {
        const user = params['user'] ?? '';
        const customer = customerOf(user);
        const order = `o-${Math.floor(world.random() * 1e9).toString(36)}`;
        const lines = (await call(world, 'cart', 'GET', `/carts/${user}`)).body as string[];
        const cents = lines.length * 2_990;
        const paid = await call(world, 'payment', 'POST', '/charges', { body: { order, cents } });
        if (paid.status !== 200) {
          orders.add(1, { 'shop.outcome': 'payment_failed' });
          log('ERROR', `order ${order} failed: payment answered ${paid.status}`, {
            'shop.order': order,
            'shop.user': user,
            'shop.customer.id': String(customer),
          });
          return { status: 502, body: { error: 'payment failed' } };
        }
        await world.store?.addOrder({ customer, reference: order, cents });
        await call(world, 'order-queue', 'POST', '/messages', { body: { order, lines } });
        orders.add(1, { 'shop.outcome': 'placed' });
        log('INFO', `order ${order} placed`, {
          'shop.order': order,
          'shop.cents': cents,
          'shop.customer.id': String(customer),
        });
        return { status: 200, body: { order } };
      },
    },
  ];
}
