/** Recommended requests, by hand. */
import { describe, expect, it } from '@jest/globals';
import { recommend, type WorkloadUse } from './recommend.ts';

/** Two pods for ten hours: each requests 1 core and 1 GB and uses 0.3 and 0.5. */
const use: WorkloadUse = {
  ...{ cluster: 'lab', namespace: 'shop', kind: 'Deployment', workload: 'web', currency: 'EUR' },
  ...{ podHours: '20', hours: 10, replicas: 2, cpuCoreHours: '20', cpuCoreHoursUsed: '6' },
  ...{ memoryGbHours: '20', memoryGbHoursUsed: '10', cost: '0.68' },
  // 20 h at 0.03 and at 0.004.
  ...{ corePrice: '0.6', gbPrice: '0.08', priceSources: ['file: list'] },
};

describe('a recommendation', () => {
  it('is the mean of a pod and a tenth, in steps, and what that saves', () => {
    expect(recommend(use)).toMatchObject({
      ...{ cpuRequested: '1.000', cpuRecommended: '0.330' },
      // 0.55 by 0.016 is 34.4: 35 × 0.016.
      ...{ memoryRequested: '1.000', memoryRecommended: '0.560' },
      // 0.68 − 0.33 × 0.6 − 0.56 × 0.08 = 0.68 − 0.198 − 0.0448
      ...{ overProvisioned: '0.437200000000', overProvisionedMonth: '31.478400000000' },
    });
  });

  it('is for the pods that are wanted, where they are fewer than there were', () => {
    // 6 core hours by 10 hours and 1 pod are 0.6, and a tenth.
    expect(recommend({ ...use, replicas: 1 })).toMatchObject({ cpuRecommended: '0.660' });
    expect(recommend({ ...use, replicas: 4 })).toMatchObject({ cpuRecommended: '0.330' });
    expect(recommend({ ...use, replicas: 0 })).toMatchObject({ cpuRecommended: '0.330' });
  });

  it('says by a negative amount that requests are too small', () => {
    const small = { ...use, cpuCoreHours: '2', memoryGbHours: '2', cost: '0.068' };
    expect(recommend(small).overProvisioned).toBe('-0.174800000000');
  });

  it('of what is used to the step has no step more', () => {
    // 0.1 and a tenth are 0.11 exactly.
    expect(recommend({ ...use, cpuCoreHoursUsed: '2' })).toMatchObject({ cpuRecommended: '0.110' });
  });
});
