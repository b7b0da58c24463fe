/** `obsctl doctor` as a person types it, on a shop whose data ended two hours ago. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { isProblem } from '../../core/problem.ts';
import type { DiagnosedDashboard, EmptyPanel, UnfedRule } from '../../dashboards/doctor.ts';
import { startStandIn, tokens } from '../../test/grafana/stand-in.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { seedTelemetry } from '../../test/support/seed-telemetry.ts';
import type { CliContext } from '../context.ts';
import { registerDoctor } from './doctor.ts';

const twoHoursMs = 7_200_000;
const setUpMsMax = 120_000;
const stack = `
name: shop
gateway: {flavor: obsctl, image: registry.example/obsctl:1.0.0}
node_agent: {presets: {host_metrics: {}}}
grafana: true
`;

let engine: TestEngine;
let folder = '';
let file = '';
let clickhouse: ReturnType<typeof connectClickHouse>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'obsctl-doctor-'));
  file = join(folder, 'obs.yaml');
  writeFileSync(file, stack);
  engine = await startEngine();
  clickhouse = connectClickHouse({ url: engine.url });
  await migrate(clickhouse);
  await seedTelemetry(clickhouse, { endMs: Date.now() - twoHoursMs, seed: 7 });
}, setUpMsMax);
afterAll(async () => {
  await clickhouse?.close();
  await engine?.stop();
  rmSync(folder, { recursive: true, force: true });
});

type Said = { stdout: string; code: number; problem?: string };

async function doctor(...words: readonly string[]): Promise<Said> {
  return doctorWith({}, ...words);
}

async function doctorWith(env: CliContext['env'], ...words: readonly string[]): Promise<Said> {
  const said: Said = { stdout: '', code: 0 };
  const context: CliContext = {
    env,
    stdout: (text) => {
      said.stdout += text;
    },
    stderr: () => undefined,
    isTerminal: false,
    signal: new AbortController().signal,
    exitWith: (code) => {
      said.code = code;
    },
  };
  const program = new Command('obsctl').exitOverride();
  registerDoctor(program, context);
  try {
    await program.parseAsync(['doctor', ...words], { from: 'user' });
  } catch (error) {
    if (!isProblem(error)) throw error;
    said.problem = error.code;
  }
  return said;
}

const onEngine = (): readonly string[] => ['--clickhouse', engine.url];

/** What is said of a panel in JSON. */
function panelOf({ stdout }: Said, board: string, title: string): EmptyPanel | undefined {
  const { dashboards } = JSON.parse(stdout) as { dashboards: readonly DiagnosedDashboard[] };
  const found = dashboards.find((each) => each.title === board);
  return found?.withoutData.find((panel) => panel.title === title);
}

describe('obsctl doctor', () => {
  it(
    'tells apart what is off, what stopped and what was not chosen, as JSON',
    async () => {
      const said = await doctor(...onEngine(), '-f', file, '--json');
      expect(said.code).toBe(1);
      expect(panelOf(said, 'Machine', 'CPU busy')).toMatchObject({
        why: 'no_rows',
        lastRowsWithin: '6 hours',
        trouble: true,
      });
      expect(panelOf(said, 'CNI', 'Packets dropped')).toMatchObject({
        why: 'preset_off',
        reason: expect.stringContaining('cni: {kind: cilium}'),
        trouble: false,
      });
      expect(panelOf(said, 'Traces', 'Waterfall')).toMatchObject({ why: 'not_chosen' });
      const { rules } = JSON.parse(said.stdout) as { rules: readonly UnfedRule[] };
      expect(rules.map(({ id }) => id)).not.toContain('host-cpu');
      expect(rules).toContainEqual({
        id: 'container-cpu',
        title: expect.any(String),
        why: 'preset_off',
        reason: expect.stringContaining('kubelet_metrics'),
      });
    },
    setUpMsMax,
  );

  it(
    'finds nothing to say of panels that have data',
    async () => {
      const said = await doctor(...onEngine(), '--since', '3h', '--json');
      expect(panelOf(said, 'Machine', 'CPU busy')).toBeUndefined();
      expect(panelOf(said, 'CNI', 'Packets dropped')).toBeUndefined();
      expect(JSON.parse(said.stdout).rules).toEqual([]);
      expect(said.code).toBe(0);
    },
    setUpMsMax,
  );

  it(
    'says in words which panels share a reason, and what the engine lacks',
    async () => {
      await clickhouse.run('RENAME TABLE otel.obsctl_receipts TO otel.away');
      try {
        const { stdout, code } = await doctor(...onEngine(), '-f', file);
        expect(stdout).toMatch(/^CNI: 0 of \d+ panels have data$/m);
        expect(stdout).toMatch(
          /^ {2}- off in the stack file: Packets dropped, Denied by policy, /m,
        );
        expect(stdout).toMatch(/^ {2}! no rows: .*CPU busy/m);
        expect(stdout).toMatch(/^ {6}The last came within 6 hours\. No system\.cpu\.time /m);
        expect(stdout).toMatch(/^Alert rules: \d+ of \d+ are rendered$/m);
        expect(stdout).toMatch(
          /^ {2}- off in the stack file: .*container-cpu, .*\n {6}No kubelet/m,
        );
        expect(stdout).toMatch(/^ {2}! this engine lacks or forbids it: .*Rows that came/m);
        expect(code).toBe(1);
      } finally {
        await clickhouse.run('RENAME TABLE otel.away TO otel.obsctl_receipts');
      }
    },
    setUpMsMax,
  );

  it(
    'asks Grafana, too, and ends with 1 where it reads something else',
    async () => {
      const standIn = await startStandIn();
      const env = { GRAFANA_TOKEN: tokens.Viewer };
      const words = [...onEngine(), '--since', '3h', '--grafana', standIn.url];
      const said = await doctorWith(env, ...words);
      await standIn.close();
      expect(said.code).toBe(1);
      expect(said.stdout).toMatch(
        /^Grafana http:\S+\n {2}! the data source \S+ does not answer: Data source not found\n/m,
      );
      expect(said.stdout).toMatch(/^ {2}! 0 of \d+ dashboards are there; not there: /m);
    },
    setUpMsMax,
  );

  it('says once that the server is away', async () => {
    expect((await doctor('--clickhouse', 'http://127.0.0.1:9')).problem).toBe('OBS-3002');
  });

  it('refuses a duration that is none', async () => {
    expect((await doctor('--since', 'soon')).problem).toBe('OBS-1003');
  });
});
