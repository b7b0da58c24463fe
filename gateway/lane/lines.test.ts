/** Lines from the lane to the rows of a real engine: as they came, as they come again, redacted. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../core/clock.ts';
import type { TestLane } from '../../test/support/lane.ts';
import { nowhere, useLanes } from '../../test/support/lanes.ts';
import type { Answer } from '../answer.ts';
import type { Proof } from '../proof.ts';
import { prove } from '../prove.ts';
import { Redaction } from '../redact/redaction.ts';
import { createResendMemory, ResendTable } from './resend-table.ts';
import { Resends } from './resends.ts';

const hasty = { ...systemClock, sleep: async () => {} };
const nowNs = BigInt(Date.now()) * 1_000_000n;

const lanes = useLanes('lines');
const { open, drain } = lanes;

function submit(
  { lane }: TestLane,
  text: string,
  parameters = 'precision=ns&db=telegraf',
  tenant = '',
): Promise<Answer> {
  const body = Buffer.from(text);
  const kind = { signal: 'metrics', transport: 'http', contentType: 'influx' } as const;
  const sent = { ...kind, tenant, parameters, wire: body, body };
  return lane.submit({ ...sent, contentEncoding: 'identity' });
}

function rows<Row>(query: string): Promise<readonly Row[]> {
  return lanes.clickhouse().rows<Row>(query.replaceAll('$', `${lanes.database()}.`));
}

function proof(): Promise<Proof> {
  const database = lanes.database();
  return prove([lanes.clickhouse()], { database, sinceMs: 3_600_000, clock: hasty, looksMax: 2 });
}

function newResends(resent: string[]): Resends {
  const table = new ResendTable(createResendMemory(1, 1024), 600_000);
  return new Resends(table, systemClock, (signal) => resent.push(signal));
}

const points =
  'SELECT MetricName AS name, Value AS value, toString(ValueInt) AS int, ValueType AS type, ' +
  'Attributes AS tags, ResourceAttributes AS sender, ServiceName AS service, ' +
  'toString(toUnixTimestamp64Nano(TimeUnix)) AS at FROM $otel_metrics_gauge ORDER BY name, at';

describe('lines', () => {
  it('are rows of the gauge table, also after a crash', async () => {
    const text =
      `cpu,host=a,cpu=0,service=shop load=1.5,count=9223372036854775807i,up=t ${nowNs}\n` +
      `temp,room=k value=-2 ${nowNs + 1n}\r\n`;
    const before = await open({ clickhouseUrl: nowhere });
    expect(await submit(before, text)).toMatchObject({ outcome: 'stored', rejected: 0 });
    await before.close();
    await drain(await open());
    const sender = { 'influxdb.database': 'telegraf' };
    const cpu = {
      tags: { cpu: '0' },
      sender: { 'host.name': 'a', ...sender, 'service.name': 'shop' },
      service: 'shop',
      at: String(nowNs),
    };
    expect(await rows(points)).toEqual([
      { name: 'cpu_count', value: 2 ** 63, int: '9223372036854775807', type: 'Int', ...cpu },
      { name: 'cpu_load', value: 1.5, int: '0', type: 'Double', ...cpu },
      { name: 'cpu_up', value: 1, int: '1', type: 'Int', ...cpu },
      {
        ...{ name: 'temp', value: -2, int: '0', type: 'Double', tags: { room: 'k' } },
        ...{ sender, service: '', at: String(nowNs + 1n) },
      },
    ]);
    expect(await proof()).toMatchObject({ ok: true, differences: [] });
  });

  it('without a time have the one of their receipt, all of a request the same', async () => {
    const lane = await open({ clickhouseUrl: nowhere });
    await submit(lane, 'a v=1\nb v=2,s="x"\n');
    await lane.close();
    await drain(await open());
    const found = await rows<{ at: string }>(points);
    expect(found).toHaveLength(3);
    expect(new Set(found.map(({ at }) => at)).size).toBe(1);
    expect(BigInt(found[0]?.at ?? 0) - nowNs).toBeLessThan(60_000_000_000n);
  });

  it('are as many records and points as were received, by signal and tenant', async () => {
    const logs = 'precision=ns&db=d&strings=logs&logs_days=7';
    const text = `m v=1,s="it \\"broke\\"" ${nowNs}\nm v=2 ${nowNs}\nbad\n`;
    const lane = await open();
    expect(await submit(lane, text, logs, 'shop')).toMatchObject({ rejected: 1 });
    expect(await submit(lane, text, logs)).toMatchObject({ rejected: 1 });
    await drain(lane);
    // And once more by way of the log.
    const away = await open({ clickhouseUrl: nowhere, dir: `${lanes.dir()}/again` });
    await submit(away, text, logs, 'shop');
    await away.close();
    await drain(await open({ dir: `${lanes.dir()}/again` }));
    const found = await proof();
    expect(found).toMatchObject({ ok: true, differences: [] });
    const [, metrics, records] = found.signals;
    expect(metrics).toMatchObject({ received: 6, stored: 6 });
    expect(records).toMatchObject({ received: 3, stored: 3 });
    expect(found.tenants.filter(({ received }) => received > 0)).toMatchObject([
      { tenant: 'shop', signal: 'metrics', received: 4, stored: 4 },
      { tenant: 'shop', signal: 'logs', received: 2, stored: 2 },
    ]);
    expect(
      await rows('SELECT DISTINCT Body, EventName, LogAttributes AS attributes FROM $otel_logs'),
    ).toEqual([{ Body: 'it "broke"', EventName: 'm', attributes: { 'influxdb.field': 's' } }]);
  });

  it('of one series and time are all kept, and a query finds the last', async () => {
    const lane = await open({ limits: { sealRowsMax: 2 } });
    const at = nowNs;
    const values = Array.from({ length: 9 }, (_, index) => index + 1);
    for (const value of values) {
      // Some in one request, most in seals of their own.
      const twice = `m,t=a v=${value * 10} ${at}\n`;
      await submit(lane, `${value === 5 ? twice : ''}m,t=a v=${value} ${at}\nm,t=b v=0 ${at}\n`);
      await drain(lane);
    }
    const last =
      'SELECT argMax(Value, (_block_number, _part_offset)) AS value, count() AS n ' +
      `FROM $otel_metrics_gauge WHERE MetricName = 'm_v' AND Attributes['t'] = 'a'`;
    expect(await rows(last)).toEqual([{ value: 9, n: '10' }]);
    await lanes.clickhouse().run(`OPTIMIZE TABLE ${lanes.database()}.otel_metrics_gauge FINAL`);
    expect(await rows(last)).toEqual([{ value: 9, n: '10' }]);
    const fifth = await rows(
      "SELECT Value AS value FROM $otel_metrics_gauge WHERE Attributes['t'] = 'a' " +
        'AND Value IN (5, 50) ORDER BY _block_number, _part_offset',
    );
    expect(fifth).toEqual([{ value: 50 }, { value: 5 }]);
  });
});

describe('lines that come again', () => {
  it('are stored once and answered alike, bad ones included', async () => {
    const resent: string[] = [];
    const lane = await open({ resends: newResends(resent) });
    const text = `m v=1 ${nowNs}\nbad\n`;
    const first = await submit(lane, text);
    expect(first).toMatchObject({
      rejected: 1,
      message: "line 2: unable to parse 'bad': missing fields",
    });
    expect(await submit(lane, text)).toMatchObject({ outcome: 'stored', rejected: 1 });
    expect(resent).toEqual(['metrics']);
    await drain(lane);
    expect(await lanes.count('otel_metrics_gauge')).toBe(1);
  });

  it('for another database or precision are others', async () => {
    const resent: string[] = [];
    const lane = await open({ resends: newResends(resent) });
    const text = `m v=1 ${nowNs / 1_000_000n}\n`;
    for (const db of ['a', 'b', 'a']) await submit(lane, text, `precision=ms&db=${db}`);
    expect(resent).toEqual(['metrics']);
    await drain(lane);
    expect(await lanes.count('otel_metrics_gauge')).toBe(2);
  });

  it('without a time of their own may be two events, and are stored as often', async () => {
    const lane = await open({ resends: newResends([]) });
    for (let times = 0; times < 3; times += 1) await submit(lane, `m v=1 ${nowNs}\nm w=1`);
    await drain(lane);
    expect(await lanes.count('otel_metrics_gauge')).toBe(6);
  });
});

async function everyByte(directory: string): Promise<Buffer> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Buffer.concat(
    await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name)))),
  );
}

describe('lines that are redacted', () => {
  const secret = 'jane.doe@example.org';
  const redaction = (): Redaction => {
    const rules = [
      { action: 'drop', attributes: ['user', 'influxdb.database'] },
      { action: 'hash', attributes: ['note'] },
    ] as const;
    return new Redaction({ rules }, Buffer.from('a key of sixteen bytes'));
  };
  const parameters = `precision=ms&db=${secret}`;
  const text =
    `# ${secret}\nm,user=${secret},t=a v=1,note="${secret}" ${nowNs / 1_000_000n}\n` +
    `bad ${secret}\nm w=2 ${nowNs / 1_000_000n}\n`;

  it('leave nothing of what is taken out in the log, nor comments and bad lines', async () => {
    const before = await open({ clickhouseUrl: nowhere, redaction: redaction() });
    expect(await submit(before, text, parameters)).toEqual({
      outcome: 'stored',
      rejected: 1,
      message: expect.stringMatching(/^line 3: unable to parse 'bad .*': invalid field format/),
    });
    await before.close();
    const bytes = await everyByte(lanes.dir());
    expect(bytes.includes('jane')).toBe(false);
    expect(bytes.length).toBeGreaterThan(100);
    await drain(await open({ redaction: redaction() }));
    const found = await rows(points);
    expect(found).toMatchObject([
      {
        name: 'm_info',
        tags: { t: 'a', note: expect.stringMatching(/^[0-9a-f]{32}$/) },
        sender: {},
      },
      { name: 'm_v', value: 1, tags: { t: 'a' }, at: String((nowNs / 1_000_000n) * 1_000_000n) },
      { name: 'm_w', value: 2, tags: {} },
    ]);
    expect(JSON.stringify(found)).not.toContain('jane');
    expect(await proof()).toMatchObject({ ok: true });
  });

  it('are known when they come again, and are partial again', async () => {
    const resent: string[] = [];
    const lane = await open({ redaction: redaction(), resends: newResends(resent) });
    const first = await submit(lane, text, parameters);
    const second = await submit(lane, text, parameters);
    expect(resent).toEqual(['metrics']);
    expect(second).toEqual(first);
    await drain(lane);
    expect(await lanes.count('otel_metrics_gauge')).toBe(3);
  });

  it('are refused when they are none, before anything is written', async () => {
    const lane = await open({ redaction: redaction() });
    const before = lane.lane.state().written;
    expect(await submit(lane, 'bad')).toMatchObject({ outcome: 'malformed', offset: 3 });
    const partial = 'precision=ns&partial=no';
    expect(await submit(lane, 'm v=1\nbad', partial)).toMatchObject({ outcome: 'malformed' });
    expect(lane.lane.state().written).toBe(before);
  });
});
