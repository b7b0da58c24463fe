import { describe, expect, it } from '@jest/globals';
import { messageOf, refusalOf } from './refusal.ts';

describe('a refusal of Grafana', () => {
  it.each([
    [401, 'Invalid API key', 'OBS-4105', 'outside'],
    [403, "You'll need additional permissions", 'OBS-4106', 'outside'],
    [403, 'Cannot update read-only data source', 'OBS-4110', 'input'],
    [400, 'Cannot save provisioned dashboard', 'OBS-4110', 'input'],
    [409, 'data source with the same name already exists', 'OBS-4109', 'input'],
    [412, 'The dashboard has been changed by someone else', 'OBS-4109', 'input'],
    [400, 'Dashboard refresh interval is too low', 'OBS-4111', 'input'],
    [406, 'dashboard api version not supported', 'OBS-4111', 'input'],
  ])('of status %i, “%s”, is %s', (status, message, code, reach) => {
    const text = JSON.stringify({ message, status: 'x' });
    const problem = refusalOf('do it', { status, text }, 'https://grafana.example');
    expect(problem).toMatchObject({ code, reach, where: 'https://grafana.example' });
    expect(problem.message).toMatch(new RegExp(`: ${message}$`));
  });

  it('is put into words also where a proxy says it', () => {
    expect(messageOf('<html>\n<body>403</body>')).toBe('<html>');
    expect(messageOf(`{"message":"${'x'.repeat(1000)}"}`)).toHaveLength(301);
    expect(messageOf('')).toBe('');
    expect(messageOf('null')).toBe('null');
  });
});
