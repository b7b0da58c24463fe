/**
 * Decodes made-up requests a few times before the gateway says that it is ready: cold code costs
 * about 27 ms a thousand spans, which the first senders would wait for (`decode/warm.ts`).
 */
import type { Clock } from '../../core/clock.ts';
import { warmer } from '../decode/warm.ts';

const roundsMax = 20;
/** On a slow machine readiness comes first. */
const warmUpMsMax = 400;

export function warmUp(clock: Clock): void {
  const startedMs = clock.monotonicMs();
  const warm = warmer();
  for (let round = 0; round < roundsMax; round += 1) {
    warm();
    if (clock.monotonicMs() - startedMs > warmUpMsMax) break;
  }
}
