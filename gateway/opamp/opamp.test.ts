/** Reports of agents through a real gateway into a real ClickHouse. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { ask, type RawAnswer, runSql } from '../../test/support/engine-http.ts';
import { type GatewayOptions, startGateway, type TestGateway } from '../../test/support/gateway.ts';
import { hashSecret, newSecret } from '../guard/secret.ts';
import { decodeAnswer, encodeAgentMessage, fullMessage, uid } from './testdata/opamp.ts';

jest.setTimeout(60_000);

const waitMsMax = 20_000;
let engine: TestEngine;
let folder: string;
const started: TestGateway[] = [];

beforeAll(async () => {
  engine = await startEngine();
  folder = await mkdtemp(join(tmpdir(), 'obsctl-opamp-'));
});

afterEach(async () => {
  for (const gateway of started.splice(0)) await gateway.stop();
});

afterAll(async () => {
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(options: Partial<GatewayOptions> = {}): Promise<TestGateway> {
  const gateway = await startGateway({ clickhouseUrl: engine.url, ...options });
  started.push(gateway);
  return gateway;
}

const headers = { 'content-type': 'application/x-protobuf' };

function report(
  gateway: TestGateway,
  body: Uint8Array,
  more: Readonly<Record<string, string>> = {},
): Promise<RawAnswer> {
  return ask(gateway.http, { path: '/v1/opamp', headers: { ...headers, ...more }, body });
}

/** The reason in an answer that is an error. */
function reasonOf(answer: RawAnswer): unknown {
  return Object(decodeAnswer(answer.body)['error_response'])['error_message'];
}

async function eventually(sql: string, wanted: string): Promise<void> {
  let found = '';
  for (const end = performance.now() + waitMsMax; performance.now() < end; await sleep(100)) {
    found = await runSql(engine.url, sql).catch(String);
    if (found === wanted) return;
  }
  expect(found).toBe(wanted);
}

describe('a report of an agent', () => {
  it('is answered, and is a row, whichever lane it comes to', async () => {
    const gateway = await start({ workers: 2, database: 'whole' });
    const first = await report(gateway, encodeAgentMessage(fullMessage(0)));
    expect([first.status, first.headers['content-type']]).toEqual([200, 'application/x-protobuf']);
    expect(decodeAnswer(first.body)).toEqual({ instance_uid: uid, capabilities: 5 });
    await eventually(
      'SELECT Cluster, Workload, Node, ServiceVersion, ConfigHash, Health, Started, ' +
        'Capabilities FROM whole.agents FINAL FORMAT CSV',
      '"prod-eu","node-agent","node-17","0.149.0","00112233aabbccdd","healthy",' +
        "\"2026-11-18 12:00:00.123\",\"['ReportsStatus','ReportsEffectiveConfig'," +
        "'ReportsHealth']\"",
    );
    // A connection each: of many, each lane gets some.
    for (let sequence = 1; sequence <= 20; sequence += 1) {
      const poll = { instance_uid: uid, sequence_num: sequence, capabilities: 0x805 };
      const { body } = await report(gateway, gzipSync(encodeAgentMessage(poll)), {
        'content-encoding': 'gzip',
      });
      expect(decodeAnswer(body)).toEqual({ instance_uid: uid, capabilities: 5 });
    }
    const health = { healthy: false, last_error: 'queue is full' };
    await report(
      gateway,
      encodeAgentMessage({ instance_uid: uid, sequence_num: 21, capabilities: 0x805, health }),
    );
    await eventually(
      'SELECT Health, LastError, ConfigHash, Text FROM whole.agents AS a FINAL ' +
        'JOIN whole.agent_configs AS c FINAL ON a.EffectiveHash = c.Hash FORMAT TSV',
      'unhealthy\tqueue is full\t00112233aabbccdd\treceivers: {otlp: {}}\\n',
    );
    const metrics = await (await fetch(`${gateway.admin}/metrics`)).text();
    expect(metrics).toContain('obsctl_gateway_opamp_messages_total{outcome="taken"} 22\n');
    expect(metrics).toContain('obsctl_gateway_opamp_agents 1\n');
  });

  it('is asked for as a whole by a gateway that does not know the agent', async () => {
    const gateway = await start({ database: 'asked' });
    const poll = encodeAgentMessage({ instance_uid: uid, sequence_num: 9, capabilities: 0x805 });
    const { status, body } = await report(gateway, poll);
    expect([status, decodeAnswer(body)]).toMatchObject([200, { flags: 1 }]);
  });

  it('is stored whatever times and texts an agent says', async () => {
    const gateway = await start({ database: 'odd' });
    const health = { healthy: true, start_time_unix_nano: '18446744073709551615' };
    const text = Buffer.from([0x61, 0xff, 0x00, 0x62]);
    const config = { config_map: { config_map: { '': { body: text } } } };
    const odd = { ...fullMessage(0), health, effective_config: config };
    await report(gateway, encodeAgentMessage(odd));
    await eventually('SELECT count() FROM odd.agents', '1');
    await eventually('SELECT length(Text) > 3 FROM odd.agent_configs', '1');
  });

  it('is turned away with a reason when it cannot be one', async () => {
    const gateway = await start();
    const good = encodeAgentMessage(fullMessage(0));
    const cut = await report(gateway, good.subarray(0, -1));
    expect([cut.status, reasonOf(cut)]).toEqual([
      400,
      expect.stringMatching(/^not an AgentToServer message: .* \(byte \d+\)$/),
    ]);
    const bomb = gzipSync(Buffer.alloc(5 * 1024 * 1024));
    const large = await report(gateway, bomb, { 'content-encoding': 'gzip' });
    expect([large.status, reasonOf(large)]).toEqual([413, expect.stringContaining('4194304')]);
    expect((await report(gateway, Buffer.alloc(5 * 1024 * 1024))).status).toBe(413);
    const torn = await report(gateway, good, { 'content-encoding': 'gzip' });
    expect([torn.status, reasonOf(torn)]).toEqual([400, expect.stringContaining('gzip')]);
    expect((await report(gateway, good, { 'content-encoding': 'zstd' })).status).toBe(415);
    expect((await report(gateway, good, { 'content-type': 'application/json' })).status).toBe(415);
    const socket = await ask(gateway.http, {
      method: 'GET',
      path: '/v1/opamp',
      headers: { connection: 'Upgrade', upgrade: 'websocket' },
    });
    expect([socket.status, socket.headers['allow']]).toEqual([405, 'POST']);
    expect(reasonOf(socket)).toContain('plain HTTP here');
    const metrics = await (await fetch(`${gateway.admin}/metrics`)).text();
    expect(metrics).toContain('obsctl_gateway_opamp_messages_total{outcome="malformed"} 1\n');
  });

  it('is of the tenant whose credentials it shows, and of nobody without', async () => {
    const secret = newSecret();
    const file = join(folder, 'credentials');
    await writeFile(file, `agents ${hashSecret(secret)} tenant=shop\n`);
    const gateway = await start({ database: 'guarded', args: ['--credentials', file] });
    const body = encodeAgentMessage(fullMessage(0));
    const refused = await report(gateway, body);
    expect([refused.status, reasonOf(refused)]).toEqual([401, expect.any(String)]);
    const { status } = await report(gateway, body, { authorization: `Bearer agents.${secret}` });
    expect(status).toBe(200);
    await eventually('SELECT Tenant, count() FROM guarded.agents GROUP BY ALL', 'shop\t1');
  });

  it('is not answered when that is switched off', async () => {
    const gateway = await start({ args: ['--no-opamp'] });
    const { status } = await report(gateway, encodeAgentMessage(fullMessage(0)));
    expect(status).toBe(404);
  });

  it('is answered where there are no tables for it, which is said once', async () => {
    const gateway = await start({ database: 'none', args: ['--no-migrate'] });
    const said = () => gateway.talk().match(/what they report is not written/g) ?? [];
    for (let sequence = 0; said().length === 0 || sequence < 30; sequence += 1) {
      const { status } = await report(gateway, encodeAgentMessage(fullMessage(sequence)));
      expect(status).toBe(200);
      await sleep(200);
    }
    expect(said()).toHaveLength(1);
  });
});
