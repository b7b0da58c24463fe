/**
 * `obsctl demo` as a person runs it, but with the default ports held by this test: it fills every
 * panel, names who holds a port, and leaves nothing running however it ends.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dashboardUids } from '../../dashboards/vocabulary/links.ts';
import { type Program, startProgram } from '../support/program.ts';
import { canFindMarked, findMarked, markedAfter } from './marked.ts';

const program = join(import.meta.dirname, '../../bin/obsctl');
const defaultPorts = [8123, 4317, 4318, 8890, 4320];
const startMsMax = 90_000;
/** Contract, section 1: a failure after three minutes, and some time to start and stop. */
const checkMsMax = 300_000;
const endMsMax = 15_000;
/** The demo, the engine, the gateway and the shop's services. */
const processesMin = 10;

let folder: string;
const held = new Map<number, Server>();
const started: { readonly demo: Program; readonly mark: string }[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'obsctl-demo-'));
  for (const port of defaultPorts) await hold(port);
});

afterAll(async () => {
  for (const { demo, mark } of started) {
    demo.killGroup('SIGKILL');
    for (const { pid } of await markedAfter(mark, endMsMax)) process.kill(pid, 'SIGKILL');
  }
  for (const server of held.values()) server.close();
  rmSync(folder, { recursive: true, force: true });
}, startMsMax);

/** Takes a port, unless somebody has it already, which is as good. */
async function hold(port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.once('listening', () => {
      held.set(port, server);
      resolve();
    });
    server.once('error', () => resolve());
    server.listen(port, '127.0.0.1');
  });
}

function startDemo(...args: string[]): { readonly demo: Program; readonly mark: string } {
  const mark = randomUUID();
  const dataDir = join(folder, mark);
  const env = { OBSCTL_TEST_MARK: mark };
  const words = [program, 'demo', '--data-dir', dataDir, ...args];
  const one = { demo: startProgram(process.execPath, words, { env }), mark };
  started.push(one);
  return one;
}

/** One machine has no cluster; only Linux has all of the machine's figures. */
function stateOf(uid: string, hasShop: boolean): unknown {
  if (/-(kubernetes|workload|pod|node|control-plane|cni)$/.test(uid)) return 'no_source';
  // Their count is none, which is a figure; what they were has no source.
  const withoutDatabase = uid === dashboardUids.snapshots && !hasShop;
  const { deployments, entities, cost, network, agents } = dashboardUids;
  const counting: readonly string[] = [deployments, entities, cost, network, agents];
  const mayLack = counting.includes(uid) || withoutDatabase;
  return platform() === 'linux' && !mayLack ? 'data' : expect.stringMatching(/^(data|no_source)$/);
}

describe('obsctl demo --check', () => {
  it(
    'fills every panel, prints one JSON line, ends with 0 and leaves nothing',
    async () => {
      const { demo, mark } = startDemo('--check');
      const { code, stdout, stderr } = await demo.ended;
      const lines = stdout.split('\n').filter(Boolean);
      expect([lines.length, stderr]).toEqual([1, expect.any(String)]);
      const result = JSON.parse(lines[0] ?? '');
      expect(result).toEqual({
        ok: true,
        url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/),
        dashboards: expect.any(Array),
      });
      type Panel = { title: string; rows: number; state: string; reason: string };
      const dashboards: readonly { uid: string; panels: readonly Panel[] }[] = result.dashboards;
      // Where this machine has a Postgres, the shop has a database and a dashboard of its own.
      const hasShop = !stderr.includes('no Postgres');
      const known = [...Object.values(dashboardUids), ...(hasShop ? ['shop-product'] : [])];
      expect(dashboards.map(({ uid }) => uid)).toEqual(known);
      for (const { uid, panels } of dashboards) {
        expect([uid, panels.length]).toEqual([uid, expect.any(Number)]);
        expect(panels.length).toBeGreaterThan(0);
        for (const panel of panels) {
          expect({ uid, ...panel }).toEqual({
            uid,
            title: expect.any(String),
            rows: expect.any(Number),
            state: stateOf(uid, hasShop),
            reason: expect.any(String),
          });
          // A panel that may be empty, such as one of failures, says what that means.
          if (panel.rows === 0) expect(panel.reason).not.toBe('');
        }
      }
      expect(code).toBe(0);
      expect(await markedAfter(mark, endMsMax)).toEqual([]);
    },
    checkMsMax,
  );
});

describe('obsctl demo', () => {
  it(
    'names who holds each default port, takes others, and ends whole on Ctrl-C',
    async () => {
      const { demo, mark } = startDemo();
      await demo.line(/Look here {2,}http:\/\/127\.0\.0\.1:\d+\//);
      const endpoint = await demo.line(/OTEL_EXPORTER_OTLP_ENDPOINT=http:/);
      for (const port of held.keys()) {
        const holder = canFindMarked ? `pid ${process.pid} ` : '';
        expect(demo.talk()).toContain(`127.0.0.1:${port}: the port is held by ${holder}`);
        expect(endpoint).not.toContain(`:${port}`);
      }
      expect(demo.talk()).toMatch(/; using port \d+ instead/);
      if (canFindMarked) expect(findMarked(mark).length).toBeGreaterThan(processesMin);

      const beganMs = performance.now();
      demo.killGroup('SIGINT');
      const { code } = await demo.ended;
      expect(performance.now() - beganMs).toBeLessThan(endMsMax);
      expect(code).toBe(0);
      expect(await markedAfter(mark, 0)).toEqual([]);
    },
    startMsMax,
  );

  it(
    'leaves nothing when it is killed without a chance to clean up',
    async () => {
      const { demo, mark } = startDemo();
      await demo.line(/Look here/);
      demo.kill('SIGKILL');
      await demo.ended.catch(() => undefined);
      // The gateway may wait for its grace time, as its ClickHouse ends with it.
      expect(await markedAfter(mark, 2 * endMsMax)).toEqual([]);
    },
    startMsMax,
  );

  it(
    'ends with 3, the reason and nothing left when a part of it dies',
    async () => {
      if (!canFindMarked) return;
      const { demo, mark } = startDemo('--no-shop');
      await demo.line(/Look here/);
      const gateway = findMarked(mark).find(({ command }) => / gateway --json /.test(command));
      process.kill(gateway?.pid ?? 0, 'SIGKILL');
      const { code, stderr } = await demo.ended;
      expect(stderr).toMatch(/OBS-5002: gateway ended with SIGKILL/);
      expect(code).toBe(3);
      expect(await markedAfter(mark, 0)).toEqual([]);
    },
    startMsMax,
  );

  it(
    'can be stopped while it is still starting',
    async () => {
      const { demo, mark } = startDemo();
      await demo.said('starting the gateway');
      demo.killGroup('SIGINT');
      const { stdout } = await demo.ended;
      expect(stdout).toBe('');
      expect(await markedAfter(mark, 0)).toEqual([]);
    },
    startMsMax,
  );
});
