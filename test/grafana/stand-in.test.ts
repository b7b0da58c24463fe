import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { answerFaults, matchOperation } from './description.ts';
import { type StandIn, startStandIn, tokens } from './stand-in.ts';

let standIn: StandIn;

beforeAll(async () => {
  standIn = await startStandIn();
});
afterAll(() => standIn.close());
beforeEach(() => {
  standIn.violations.length = 0;
});

async function send(
  method: string,
  path: string,
  body?: unknown,
  more: Readonly<Record<string, string>> = {},
): Promise<number> {
  const response = await fetch(`${standIn.url}/api${path}`, {
    method,
    headers: { authorization: `Bearer ${tokens.Admin}`, ...more },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  await response.text();
  return response.status;
}

describe("the stand-in of Grafana's API", () => {
  it.each([
    ['GET', '/folder', undefined, 'GET /folder is not in the description'],
    ['GET', '/folders?size=1', undefined, 'getFolders: no query parameter size'],
    ['GET', '/folders?limit=all', undefined, 'getFolders: limit=all is no integer'],
    ['DELETE', '/dashboards/uid/u', {}, 'deleteDashboardByUID: takes no body'],
    ['POST', '/folders', { name: 'x' }, 'createFolder: .* additional properties .*"name"'],
    ['POST', '/dashboards/db', { overwrite: 'no' }, 'postDashboard: /overwrite must be boolean'],
  ])('notes that %s %s with %j breaks the description', async (method, path, body, fault) => {
    await send(method, path, body);
    expect(standIn.violations).toEqual([expect.stringMatching(fault)]);
  });

  it('notes a header of Grafana that the operation does not know', async () => {
    const path = '/v1/provisioning/alert-rules';
    await send('GET', path, undefined, { 'x-disable-provenance': 'true' });
    await send('DELETE', `${path}/u`, undefined, { 'x-disable-provenance': 'true' });
    expect(standIn.violations).toEqual(['GetAlertRules: no header x-disable-provenance']);
  });

  it('holds its own answers against the description, too', () => {
    const operation = matchOperation('GET', '/folders/f')?.operation;
    if (operation === undefined) throw new Error('no such operation');
    expect(answerFaults(operation, 200, { uid: 'f', title: 'F' })).toEqual([]);
    expect(answerFaults(operation, 200, { uid: 1 })).toHaveLength(1);
    expect(answerFaults(operation, 404, {})).toHaveLength(1);
    expect(answerFaults(operation, 418, { message: '' })).toHaveLength(1);
  });
});
