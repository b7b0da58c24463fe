/** Intervals from configuration and environment, and why one is refused (H35). */
import { describe, expect, it } from '@jest/globals';
import { readInterval } from './intervals.ts';
import { isProblem } from './problem.ts';

const setting = {
  key: 'dogstatsd.aggregate_interval',
  variable: 'OBSCTL_AGGREGATE_INTERVAL',
  defaultMs: 10_000,
  minMs: 1_000,
  maxMs: 3_600_000,
};

function problemOf(configured: string | undefined, variable: string): string {
  try {
    return String(readInterval(setting, configured, { OBSCTL_AGGREGATE_INTERVAL: variable }));
  } catch (error) {
    if (!isProblem(error)) throw error;
    return `${error.code} ${error.where}: ${error.message}`;
  }
}

describe('an interval', () => {
  it('is the environment’s, then the configuration’s, then the default', () => {
    expect(readInterval(setting, '20s', { OBSCTL_AGGREGATE_INTERVAL: '1m30s' })).toBe(90_000);
    expect(readInterval(setting, '20s', { OBSCTL_AGGREGATE_INTERVAL: '' })).toBe(20_000);
    expect(readInterval(setting, '1500ms', {})).toBe(1_500);
    expect(readInterval(setting, undefined, {})).toBe(10_000);
  });

  it.each(['ten', '10', '-10s', '10 s', '1e3s', 's', '0x10s'])('is not %s', (text) => {
    const reason = `${JSON.stringify(text)} is no duration; expected one like 10s, 500ms or 1m30s`;
    expect(problemOf(text, '')).toBe(`OBS-1003 ${setting.key}: ${reason}`);
    expect(problemOf('10s', text)).toBe(`OBS-1003 $${setting.variable}: ${reason}`);
  });

  it.each(['0s', '999ms', '2h', '1000.5ms', '99999999999w'])(
    'is refused out of bounds: %s',
    (text) => {
      expect(problemOf(text, '')).toBe(
        `OBS-1003 ${setting.key}: ${text} is out of bounds; ` +
          'expected whole milliseconds, 1000 ms to 3600000 ms',
      );
    },
  );
});
