/** Grafana (a stand-in) over data sources that lead to the real engine, or elsewhere. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { type StandIn, startStandIn, tokens } from '../../test/grafana/stand-in.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { simulatedClock } from '../../test/support/simulated-clock.ts';
import { dashboards } from '../catalog.ts';
import { connectGrafana } from './api.ts';
import { checkPair } from './pair.ts';
import { pushDashboards } from './push.ts';
import { parseTarget } from './target.ts';

const setUpMsMax = 120_000;
const { signal } = new AbortController();
const boards = dashboards().slice(0, 3);
const [, ...others] = boards;

let engine: TestEngine;
let ours: ClickHouse;
let standIn: StandIn;

beforeAll(async () => {
  engine = await startEngine();
  ours = connectClickHouse({ url: engine.url, sessionDatabase: 'otel' });
  const admin = connectClickHouse({ url: engine.url });
  await migrate(admin);
  await migrate(admin, { database: 'another' });
  await admin.close();
}, setUpMsMax);
afterAll(async () => {
  await ours?.close();
  await engine?.stop();
});

beforeEach(async () => {
  standIn = await startStandIn();
});
afterEach(async () => {
  await standIn.close();
  expect(standIn.violations).toEqual([]);
});

const connected = (token = tokens.Admin) =>
  connectGrafana({ url: standIn.url, token, clock: simulatedClock(), signal });

/** As `obsctl dashboards push --clickhouse` leaves it. */
async function pushed(): Promise<void> {
  const connection = {
    ...parseTarget('https://clickhouse.example/otel'),
    ...{ user: 'grafana', password: 'secret', renewPassword: false },
  };
  const options = { folder: undefined, alerts: undefined, dryRun: false, prune: false };
  await pushDashboards(await connected(), {
    ...options,
    dashboards: boards.slice(0, 1),
    dataSource: { connection },
  });
}

/** A data source whose sessions are in a database, as the plugin's are. */
function inDatabase(sessionDatabase: string): StandIn['state']['queryClickHouse'] {
  return async (sql) => {
    const session = connectClickHouse({ url: engine.url, sessionDatabase });
    return session.rows<Record<string, unknown>>(sql).finally(() => session.close());
  };
}

async function findings(token = tokens.Admin) {
  const grafana = await connected(token);
  const found = await checkPair(grafana, { server: ours, dashboards: boards, signal });
  return Object.fromEntries(found.map(({ check, ...rest }) => [check, rest]));
}

describe('Grafana and ClickHouse', () => {
  it.each(['Admin', 'Viewer'] as const)('belong together, as a %s sees it', async (role) => {
    await pushed();
    standIn.state.queryClickHouse = inDatabase('otel');
    expect((await findings(tokens[role]))['same_tables']).toEqual({
      trouble: false,
      text: expect.stringMatching(/reads the database otel of this ClickHouse$/),
    });
  });

  it('do not when the data source reads tables of the same names elsewhere', async () => {
    await pushed();
    standIn.state.queryClickHouse = inDatabase('another');
    expect((await findings())['same_tables']).toEqual({
      trouble: true,
      text: expect.stringContaining('reads the database another of another ClickHouse than'),
    });
  });

  it('do not when there is no such table, in the words of ClickHouse', async () => {
    await pushed();
    standIn.state.queryClickHouse = inDatabase('default');
    expect((await findings())['data_source']).toEqual({
      trouble: true,
      text: expect.stringMatching(/^the data source .* does not answer: .*obsctl_migrations/),
    });
  });

  it('do not when ClickHouse is away from Grafana, or there is no data source', async () => {
    expect((await findings())['data_source']).toEqual({
      trouble: true,
      text: expect.stringContaining('does not answer: Data source not found'),
    });
    await pushed();
    expect((await findings())['data_source']).toEqual({
      trouble: true,
      text: expect.stringContaining('does not answer: dial tcp: lookup clickhouse.example'),
    });
  });

  it('names the dashboards that are not there', async () => {
    await pushed();
    const titles = others.map(({ title }) => title).join(', ');
    expect((await findings())['dashboards']).toEqual({
      trouble: true,
      text: `1 of 3 dashboards are there; not there: ${titles}`,
    });
  });
});
