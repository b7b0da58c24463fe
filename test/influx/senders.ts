/** Everything that writes line protocol and is not ours, each in its own way. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PeerName } from '../../tools/peers/peer.ts';
import { type Ended, runProgram } from '../support/program.ts';
import { type Ability, int64Max, lineOf, type Point } from './points.ts';

export type Sender = {
  readonly name: string;
  readonly peer: PeerName;
  /** Whether it speaks as InfluxDB 1 is spoken to: that one can then judge the sender. */
  readonly version: 1 | 2;
  readonly ability: Ability;
  /** What it says of where its points go, as attributes of their resource. */
  readonly place: Readonly<Record<string, string>>;
  /** `found` is what the peer is found as, `url` `http://HOST:PORT`. Rejects on any refusal. */
  readonly send: (found: string, url: string, points: readonly Point[]) => Promise<void>;
};

const database = 'shop';
const everything: Ability = {
  unsigned: true,
  integers: [-int64Max - 1n, int64Max],
  anyMeasurement: true,
};
const nsInMs = 1_000_000n;
const safeMax = BigInt(Number.MAX_SAFE_INTEGER);
const inDatabase = { 'influxdb.database': database };
const inBucket = { 'influxdb.bucket': `${database}/autogen`, 'influxdb.org': database };

export const senders: readonly Sender[] = [
  {
    name: 'influx 5 for Node',
    peer: 'influx-clients',
    version: 1,
    // It rounds integers as doubles, and escapes no measurement.
    ability: {
      unsigned: false,
      integers: [-safeMax, safeMax],
      anyMeasurement: false,
    },
    place: inDatabase,
    send: sendByClient1,
  },
  {
    name: 'influxdb-client 1 for Node',
    peer: 'influx-clients',
    version: 2,
    // It rounds integers as doubles, also those that it is given as text.
    ability: { ...everything, integers: [-safeMax, safeMax] },
    place: inBucket,
    send: sendByClient2,
  },
  {
    name: "Debian's influx -import",
    peer: 'influxdb-1.6',
    version: 1,
    // The shell hands lines on, but the server that judges it was built without them.
    ability: { ...everything, unsigned: false },
    place: { ...inDatabase, 'influxdb.retention_policy': 'autogen' },
    send: async (found, url, points) => {
      const { code, stdout, stderr } = await importByShell(found, url, points.map(lineOf));
      if (code !== 0) throw new Error(`${stdout}\n${stderr}`);
    },
  },
  {
    name: 'Telegraf to InfluxDB 1',
    peer: 'telegraf',
    version: 1,
    ability: { ...everything, unsigned: false },
    place: inDatabase,
    send: (found, url, points) =>
      sendByTelegraf(found, points, `[[outputs.influxdb]]\nurls = ["${url}"]\ndatabase = "shop"`),
  },
  {
    name: 'Telegraf to InfluxDB 2',
    peer: 'telegraf',
    version: 2,
    ability: everything,
    place: inBucket,
    send: (found, url, points) =>
      sendByTelegraf(
        found,
        points,
        `[[outputs.influxdb_v2]]\nurls = ["${url}"]\norganization = "shop"
bucket = "shop/autogen"\ntoken = "a token"\ninflux_uint_support = true`,
      ),
  },
];

type Client1 = {
  readonly createDatabase: (name: string) => Promise<void>;
  readonly getDatabaseNames: () => Promise<readonly string[]>;
  readonly ping: (timeoutMs: number) => Promise<readonly { online: boolean; version: string }[]>;
  readonly writePoints: (
    points: readonly unknown[],
    options: { readonly precision: string },
  ) => Promise<void>;
};

async function sendByClient1(
  modules: string,
  url: string,
  points: readonly Point[],
): Promise<void> {
  const { InfluxDB, FieldType } = load(modules, 'influx');
  const types: Record<string, unknown> = {
    float: FieldType.FLOAT,
    integer: FieldType.INTEGER,
    boolean: FieldType.BOOLEAN,
    string: FieldType.STRING,
  };
  const { hostname: host, port } = new URL(url);
  const client: Client1 = new InfluxDB({
    ...{ host, port: Number(port), protocol: 'http', database },
    schema: points.map(({ measurement, tags, fields }) => ({
      measurement,
      tags: Object.keys(tags),
      fields: Object.fromEntries(
        Object.entries(fields).map(([name, { kind }]) => [name, types[kind]]),
      ),
    })),
  });
  const [answer] = await client.ping(5000);
  if (answer?.online !== true || !answer.version) throw new Error('it does not answer pings');
  await client.createDatabase(database);
  await client.getDatabaseNames();
  const plain = points.map(({ measurement, tags, fields, ns }) => ({
    measurement,
    tags,
    fields: Object.fromEntries(
      Object.entries(fields).map(([name, { value }]) => [
        name,
        typeof value === 'bigint' ? Number(value) : value,
      ]),
    ),
    timestamp: String(ns),
  }));
  await client.writePoints(plain, { precision: 'n' });
}

type WriteApi = { readonly writePoint: (point: unknown) => void; close: () => Promise<void> };
type PointBuilder = {
  readonly tag: (name: string, value: string) => void;
  readonly floatField: (name: string, value: number) => void;
  readonly intField: (name: string, value: string) => void;
  readonly uintField: (name: string, value: string) => void;
  readonly booleanField: (name: string, value: boolean) => void;
  readonly stringField: (name: string, value: string) => void;
  readonly timestamp: (ns: string) => void;
};

async function sendByClient2(
  modules: string,
  url: string,
  points: readonly Point[],
): Promise<void> {
  const { InfluxDB, Point: Builder } = load(modules, '@influxdata/influxdb-client');
  // Compressed from the first byte on, and refusals are final.
  const writeOptions = { gzipThreshold: 1, maxRetries: 0 };
  const client = new InfluxDB({ url, token: 'a token', writeOptions });
  const api: WriteApi = client.getWriteApi('shop', 'shop/autogen', 'ns');
  try {
    for (const point of points) api.writePoint(built(new Builder(point.measurement), point));
  } finally {
    await api.close();
  }
}

function built(builder: PointBuilder, { tags, fields, ns }: Point): PointBuilder {
  for (const [name, value] of Object.entries(tags)) builder.tag(name, value);
  for (const [name, field] of Object.entries(fields)) {
    const { kind, value } = field;
    if (kind === 'float') builder.floatField(name, value);
    else if (kind === 'integer') builder.intField(name, String(value));
    else if (kind === 'unsigned') builder.uintField(name, String(value));
    else if (kind === 'boolean') builder.booleanField(name, value);
    else builder.stringField(name, String(value));
  }
  builder.timestamp(String(ns));
  return builder;
}

/** Modules of the peer are in its cache, not among ours. */
function load(modules: string, name: string) {
  return createRequire(join(modules, 'any.js'))(name);
}

/** It ends with 1 when any line was refused, and says which on stderr. */
async function importByShell(found: string, url: string, lines: readonly string[]): Promise<Ended> {
  const folder = await mkdtemp(join(tmpdir(), 'obsctl-influx-'));
  try {
    const file = join(folder, 'lines');
    const head = ['# DDL', `CREATE DATABASE ${database}`, '# DML', '# CONTEXT-DATABASE: shop'];
    await writeFile(
      file,
      [...head, '# CONTEXT-RETENTION-POLICY: autogen', ...lines, ''].join('\n'),
    );
    const { hostname, port } = new URL(url);
    const words = ['-host', hostname, '-port', port, '-import', `-path=${file}`, '-precision=ns'];
    return await runProgram(join(found, 'influx'), words, { env: { HOME: folder } });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function sendByTelegraf(
  found: string,
  points: readonly Point[],
  output: string,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'obsctl-telegraf-'));
  try {
    const lines = join(folder, 'lines');
    await writeFile(lines, `${points.map(lineOf).join('\n')}\n`);
    const config = join(folder, 'telegraf.conf');
    await writeFile(config, telegrafConfig(lines, output));
    const { code, stderr } = await runProgram(found, ['--config', config, '--once']);
    if (code !== 0 || / [EW]! \[outputs/.test(stderr))
      throw new Error(`Telegraf ended with ${code}\n${stderr}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function telegrafConfig(lines: string, output: string): string {
  return `[agent]
omit_hostname = true
precision = "1ns"
[[inputs.file]]
files = ["${lines}"]
data_format = "influx"
${output}
`;
}

/** A moment ago, with nanoseconds that no double holds. */
export function recently(): bigint {
  return BigInt(Date.now() - 60_000) * nsInMs + 123_457n;
}
