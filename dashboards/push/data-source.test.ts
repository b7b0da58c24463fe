import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type StandIn, startStandIn, tokens } from '../../test/grafana/stand-in.ts';
import { simulatedClock } from '../../test/support/simulated-clock.ts';
import { dashboards } from '../catalog.ts';
import { connectGrafana } from './api.ts';
import type { DataSourceOptions } from './data-source.ts';
import { pushDashboards } from './push.ts';
import { parseTarget } from './target.ts';

let standIn: StandIn;

beforeEach(async () => {
  standIn = await startStandIn();
});
afterEach(async () => {
  await standIn.close();
  expect(standIn.violations).toEqual([]);
});

async function push(dataSource: DataSourceOptions, token = tokens.Admin) {
  const { signal } = new AbortController();
  const grafana = await connectGrafana({
    url: standIn.url,
    token,
    clock: simulatedClock(),
    signal,
  });
  const options = { folder: undefined, alerts: undefined, dryRun: false, prune: false };
  const some = dashboards().slice(0, 1);
  const result = await pushDashboards(grafana, { ...options, dashboards: some, dataSource });
  return { ...result, differing: result.steps.filter(({ action }) => action !== 'none') };
}

function connection(url: string, password = 'secret', renewPassword = false): DataSourceOptions {
  return { connection: { ...parseTarget(url), user: 'grafana', password, renewPassword } };
}

const url = 'https://clickhouse.example/otel';
const uid = 'obsctl-clickhouse';

function own() {
  const stored = standIn.state.dataSources.get(uid);
  if (stored === undefined) throw new Error('the stand-in has no data source of ours');
  return stored;
}

function another(id: string, type: string, name = id): void {
  const fields = { uid: id, name, type, version: 1, id: 70, jsonData: {} };
  standIn.state.dataSources.set(id, { fields, readOnly: false, secrets: {} });
}

/** What the variable of the first dashboard starts with. */
function current(): unknown {
  const { data } = standIn.state.dashboards.get('obsctl-services') ?? { data: {} };
  const { templating } = data as { templating?: { list: { current?: object }[] } };
  return templating?.list[0]?.current;
}

describe('the data source of a push', () => {
  it('knows our tables, and dashboards start with it; it does not become the default', async () => {
    await push(connection(url));
    expect(own()).toMatchObject({
      fields: {
        type: 'grafana-clickhouse-datasource',
        isDefault: false,
        jsonData: {
          host: 'clickhouse.example',
          port: 8443,
          protocol: 'http',
          secure: true,
          username: 'grafana',
          defaultDatabase: 'otel',
          enableMapKeysDiscovery: false,
          logs: { defaultTable: 'otel_logs', otelEnabled: true },
          traces: { defaultTable: 'otel_traces', otelEnabled: true },
        },
      },
      secrets: { password: 'secret' },
    });
    expect(current()).toEqual({ selected: true, text: 'ClickHouse', value: uid });
  });

  it('keeps what a person set beside it, and its name', async () => {
    await push(connection(url));
    const { fields } = own();
    Object.assign(fields, { name: 'Ours', isDefault: true });
    Object.assign(Object(fields['jsonData']), { dialTimeout: 30 });
    const { differing } = await push(connection('clickhouse://other.example/otel'));
    expect(differing.flatMap(({ changes }) => changes).map(({ path }) => path)).toEqual([
      ...['jsonData.host', 'jsonData.port', 'jsonData.protocol', 'jsonData.secure'],
      'templating.list[datasource].current.text',
    ]);
    expect(own().fields).toMatchObject({
      name: 'Ours',
      isDefault: true,
      jsonData: { dialTimeout: 30, host: 'other.example', port: 9000, protocol: 'native' },
    });
    expect(own().secrets).toEqual({ password: 'secret' });
  });

  it('gets a password that is not set, another one only when asked', async () => {
    await push(connection(url, ''));
    expect(own().secrets).toEqual({});
    await push(connection(url, 'one'));
    expect(own().secrets).toEqual({ password: 'one' });
    expect((await push(connection(url, 'two'))).differing).toEqual([]);
    const { differing } = await push(connection(url, 'two', true));
    expect(differing[0]?.changes).toEqual([{ path: 'secureJsonData.password' }]);
    expect(own().secrets).toEqual({ password: 'two' });
  });

  it('takes another name where somebody has the usual one', async () => {
    another('theirs', 'prometheus', 'ClickHouse');
    await push(connection(url));
    expect(own().fields.name).toBe('ClickHouse (obsctl)');
    expect((await push(connection(url))).differing).toEqual([]);
  });

  it('is not written over one of another type, nor over one from a file', async () => {
    another(uid, 'prometheus');
    expect((await push(connection(url))).refusals).toMatchObject([{ code: 'OBS-4108' }]);
    standIn.state.dataSources.delete(uid);
    await push(connection(url));
    own().readOnly = true;
    expect((await push(connection(url))).differing).toEqual([]);
    expect((await push(connection('https://other.example'))).refusals).toMatchObject([
      { code: 'OBS-4110', message: expect.stringContaining('jsonData.host') },
    ]);
  });

  it('may be one that exists', async () => {
    another('theirs', 'grafana-clickhouse-datasource', 'Warehouse');
    await push({ uid: 'theirs' });
    expect(current()).toEqual({ selected: true, text: 'Warehouse', value: 'theirs' });
    expect(standIn.state.dataSources.size).toBe(1);
  });

  it('must be known and of the right type', async () => {
    another('metrics', 'prometheus');
    another('theirs', 'grafana-clickhouse-datasource');
    await expect(push({ uid: 'metrics' })).rejects.toMatchObject({
      code: 'OBS-4112',
      message:
        'the data source metrics is of type prometheus; ' +
        'of grafana-clickhouse-datasource there are theirs',
    });
    await expect(push({ uid: 'nobody' })).rejects.toMatchObject({ code: 'OBS-4112' });
  });

  it('stays as a person chose it when nothing is said', async () => {
    another('a', 'grafana-clickhouse-datasource');
    await push({ uid: 'a' });
    another('b', 'grafana-clickhouse-datasource');
    const { differing, notes } = await push({});
    expect(differing).toEqual([]);
    expect(notes).toEqual(['there are 2 ClickHouse data sources: choose with `--data-source-uid`']);
    expect(current()).toMatchObject({ value: 'a' });
  });

  it('is not looked for by an Editor, whose role does not see it', async () => {
    await push(connection(url));
    const { differing, notes } = await push({}, tokens.Editor);
    expect(differing).toEqual([]);
    expect(notes).toEqual([
      'the token may not read data sources: dashboards keep theirs, or take the first',
    ]);
    expect((await push({ uid }, tokens.Editor)).differing).toEqual([]);
    await push({ uid: 'unseen' }, tokens.Editor);
    expect(current()).toEqual({ selected: true, text: 'unseen', value: 'unseen' });
    await expect(push(connection(url), tokens.Editor)).rejects.toMatchObject({ code: 'OBS-4106' });
  });
});

describe('where ClickHouse is', () => {
  it.each([
    ['clickhouse.example', { protocol: 'http', port: 8123, secure: false, database: 'otel' }],
    ['https://h/shop', { protocol: 'http', port: 8443, secure: true, database: 'shop' }],
    ['clickhouse://h:9001', { protocol: 'native', port: 9001, secure: false, host: 'h' }],
    ['clickhouses://me@[::1]', { protocol: 'native', port: 9440, host: '::1', user: 'me' }],
  ])('is read from %s', (text, expected) => {
    expect(parseTarget(text)).toMatchObject(expected);
  });

  it.each(['ftp://h', 'clickhouse://', 'https://me:pw@h'])('is not read from %s', (text) => {
    expect(() => parseTarget(text)).toThrow(/--clickhouse/);
    expect(() => parseTarget(text)).not.toThrow(/pw/);
  });
});
