/**
 * The log against a model over a disk that forgets and fails (`test/crash/wal/lockstep.ts`), with
 * histories that shrink; `npm run crash -- --fault F5` runs ten thousand.
 */
import { describe, it } from '@jest/globals';
import fc from 'fast-check';

import { Lockstep, randomActions } from '../../test/crash/wal/lockstep.ts';
import { seededRandom } from '../../test/support/random.ts';

const RUNS = 400;

const action = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constant('append'), count: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 6, arbitrary: fc.constant({ do: 'wait' }) },
  { weight: 4, arbitrary: fc.constant({ do: 'acknowledge' }) },
  { weight: 2, arbitrary: fc.constant({ do: 'read' }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('fault'), kind: fc.integer({ min: 0, max: 6 }) }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'crash' }) },
  { weight: 2, arbitrary: fc.constant({ do: 'kill' }) },
  { weight: 1, arbitrary: fc.constant({ do: 'close' }) },
);

describe('a log over a disk that forgets and fails', () => {
  it('keeps every durable record, invents none and replays none that was buried', async () => {
    const scenario = fc.array(action, { minLength: 5, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fc.integer(), scenario, async (seed, actions) => {
        await new Lockstep(seed).run(actions);
      }),
      { numRuns: RUNS },
    );
  }, 120_000);

  // A cursor that recovery moved over refused positions, and that never came to disk.
  it.each([1710, 4748, 8160, 8642])(
    'calls nothing lost that was refused, seed %s',
    async (seed) => {
      await new Lockstep(seed).run(randomActions(seededRandom(seed ^ 0x5eed)));
    },
  );
});
