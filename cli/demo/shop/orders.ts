/** The queue-like hop: a broker that keeps messages, and the consumer that works them off. */
import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { call, log, type Route, type World, work } from './service.ts';

type Message = {
  readonly body: unknown;
  /** W3C trace context, as a real broker carries it in message headers. */
  readonly headers: Record<string, string>;
};

const queueMessagesMax = 10_000;
const pollPauseMs = 1_000;

export function orderQueue(): readonly Route[] {
  const messages: Message[] = [];
  return [
    {
      method: 'POST',
      route: '/messages',
      handle: async ({ body }) => {
        if (messages.length >= queueMessagesMax) return { status: 503, body: { error: 'full' } };
        const headers: Record<string, string> = {};
        const span = trace.getTracer('shop').startSpan('orders publish', {
          kind: SpanKind.PRODUCER,
          attributes: messaging('send', 'orders publish'),
        });
        propagation.inject(trace.setSpan(context.active(), span), headers);
        messages.push({ body, headers });
        span.end();
        return { status: 202, body: { waiting: messages.length } };
      },
    },
    {
      method: 'GET',
      route: '/messages/next',
      handle: async () => {
        const message = messages.shift();
        return message === undefined ? { status: 204, body: null } : { status: 200, body: message };
      },
    },
  ];
}

function messaging(type: 'send' | 'process', name: string): Record<string, string> {
  return {
    'messaging.system.name': 'shop-queue',
    'messaging.destination.name': 'orders',
    'messaging.operation.type': type,
    'messaging.operation.name': name,
  };
}

/** Takes orders from the queue until the world ends. */
export async function fulfil(world: World): Promise<void> {
  const tracer = trace.getTracer('shop');
  while (!world.signal.aborted) {
    const reply = await call(world, 'order-queue', 'GET', '/messages/next').catch(() => undefined);
    if (reply?.status !== 200) {
      await world.clock.sleep(pollPauseMs, world.signal);
      continue;
    }
    const message = reply.body as Message;
    const parent = propagation.extract(ROOT_CONTEXT, message.headers);
    const span = tracer.startSpan(
      'orders process',
      { kind: SpanKind.CONSUMER, attributes: messaging('process', 'orders process') },
      parent,
    );
    await context.with(trace.setSpan(parent, span), async () => {
      const { order } = message.body as { order: string };
      await work(world, 18);
      span.addEvent('parcel packed', { 'shop.order': order });
      log('INFO', `order ${order} handed to the carrier`, { 'shop.order': order });
    });
    span.end();
  }
}
