/**
 * Payment, and the trouble: its card network is slow for a while, then well again, and while it is
 * slow every third charge runs into the timeout. That is the fault a newcomer should find.
 */
import { context, metrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { log, type Route, type World, work } from './service.ts';

/** Trouble comes soon after the start, lasts, goes, and comes again. */
const cycleMs = 150_000;
const troubleFromMs = 15_000;
const troubleToMs = 105_000;
const networkTimeoutMs = 900;

export function payment(world: World): readonly Route[] {
  const startedMs = world.clock.monotonicMs();
  const latency = metrics.getMeter('shop').createHistogram('shop.card_network.duration', {
    unit: 's',
    description: 'How long the card network took',
  });
  const inTrouble = (): boolean => {
    const phaseMs = (world.clock.monotonicMs() - startedMs) % cycleMs;
    return phaseMs >= troubleFromMs && phaseMs < troubleToMs;
  };
  return [
    {
      method: 'POST',
      route: '/charges',
      handle: async ({ body }) => {
        const { order, cents } = body as { order: string; cents: number };
        await work(world, 4);
        const beganMs = world.clock.monotonicMs();
        const answered = await authorise(world, inTrouble());
        latency.record((world.clock.monotonicMs() - beganMs) / 1000, {
          'shop.card_network.answered': answered,
        });
        if (answered) {
          log('INFO', `charged ${cents} cents for order ${order}`, { 'shop.order': order });
          return { status: 200, body: { order } };
        }
        log(
          'ERROR',
          `card network timed out after ${networkTimeoutMs} ms for order ${order}; gave up`,
          { 'shop.order': order, 'error.type': 'timeout', 'server.service.name': 'card-network' },
        );
        return { status: 504, body: { error: 'the card network did not answer' } };
      },
    },
  ];
}

/** The call to the outside, as the client span it would be. */
async function authorise(world: World, inTrouble: boolean): Promise<boolean> {
  const span = trace.getTracer('shop').startSpan('authorise card', {
    kind: SpanKind.CLIENT,
    attributes: { 'server.service.name': 'card-network', 'server.address': 'cards.example' },
  });
  return await context.with(trace.setSpan(context.active(), span), async () => {
    const timesOut = inTrouble && world.random() < 0.35;
    if (timesOut) {
      await world.clock.sleep(networkTimeoutMs, world.signal);
      span.addEvent('retry given up', { 'shop.retry.attempt': 1 });
      span.setAttribute('error.type', 'timeout');
      span.setStatus({ code: SpanStatusCode.ERROR, message: 'no answer from the card network' });
    } else {
      await work(world, inTrouble ? 320 : 25);
    }
    span.end();
    return !timesOut;
  });
}
