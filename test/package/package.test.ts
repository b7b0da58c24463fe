/**
 * The published package: built, packed, installed into an empty folder, and started under the
 * newest and the oldest Node that it promises; no chDB, no compiler, no clone around it.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeWithPeer } from '../support/peer.ts';
import { type Program, runProgram, startProgram } from '../support/program.ts';
import { stopAt } from './debugger.ts';
import { type Footprint, grown, keptFile, measureMemory } from './footprint.ts';
import { type Installed, installPackage } from './installed.ts';

const installMsMax = 180_000;
const loopback = '127.0.0.1:0';
/** Nothing listens on the discard port. */
const noServer = 'http://127.0.0.1:9';

let folder: string;
let installed: Installed;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'obsctl-package-'));
  installed = await installPackage(folder);
}, installMsMax);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the package', () => {
  it('has the version of package.json', async () => {
    const manifest = join(import.meta.dirname, '../../package.json');
    const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
    const { stdout } = await runProgram(process.execPath, [installed.program, '--version']);
    expect(stdout).toBe(`${version}\n`);
  });

  it('holds no tests, no test data and no TypeScript but declarations', () => {
    const files = readdirSync(installed.packageDir, { recursive: true, encoding: 'utf8' });
    const odd = files.filter((path) =>
      /(^|\/)(test|tools|testdata)(\/|$)|\.(test|bench|fuzz)\./.test(path),
    );
    expect(odd).toEqual([]);
    expect(files.filter((path) => /(?<!\.d)\.ts$/.test(path))).toEqual([]);
  });

  it('leads a debugger from every file to the TypeScript it was made of', () => {
    const dist = join(installed.packageDir, 'dist');
    const files = readdirSync(dist, { recursive: true, encoding: 'utf8' });
    const scripts = files.filter((path) => path.endsWith('.js'));
    expect(scripts.length).toBeGreaterThan(100);
    for (const path of scripts) {
      const script = readFileSync(join(dist, path), 'utf8');
      expect(script).toContain(`//# sourceMappingURL=${basename(path)}.map`);
      const map = JSON.parse(readFileSync(join(dist, `${path}.map`), 'utf8'));
      const source = path.replace(/\.js$/, '.ts');
      expect(map.sources).toEqual([`obsctl:///${source}`]);
      const original = readFileSync(join(import.meta.dirname, '../..', source), 'utf8');
      expect(map.sourcesContent).toEqual([original]);
    }
  });

  it('maps a function to the line where it is written', () => {
    const file = join(installed.packageDir, 'dist/core/problem.js');
    const map = new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')));
    const lines = readFileSync(file, 'utf8').split('\n');
    const line = lines.findIndex((text) => text.startsWith('export function formatProblem'));
    const entry = map.findEntry(line, 'export function '.length);
    assert('originalLine' in entry);
    const source = readFileSync(join(import.meta.dirname, '../../core/problem.ts'), 'utf8');
    expect(source.split('\n')[entry.originalLine]).toMatch(/^export function formatProblem/);
  });

  it('stops in a debugger at a line of TypeScript', async () => {
    const source = 'obsctl:///core/problem.ts';
    const original = readFileSync(join(import.meta.dirname, '../../core/problem.ts'), 'utf8');
    const lines = original.split('\n');
    const line =
      lines[lines.findIndex((text) => text.includes('function formatProblem')) + 1] ?? '';
    const stop = await stopAt([installed.program, 'explain', 'OBS-0'], { source, line });
    expect(stop).toEqual({ functionName: 'formatProblem', source, line: line.trim() });
  }, 60_000);

  it('gives a typed stack file its defineStack', async () => {
    const code =
      "import { defineStack } from 'obsctl';" +
      "console.log(JSON.stringify(defineStack({ name: 'shop', cluster: 'dev' })))";
    const { stdout, stderr } = await startProgram(
      process.execPath,
      ['--input-type=module', '--eval', code],
      { cwd: join(installed.packageDir, '../..') },
    ).ended;
    expect({ stdout, stderr }).toEqual({ stdout: '{"name":"shop","cluster":"dev"}\n', stderr: '' });
    const types = join(installed.packageDir, 'dist/index.d.ts');
    expect(readFileSync(types, 'utf8')).toContain('defineStack');
  });

  it('brings neither a Node nor an engine', () => {
    const modules = join(installed.packageDir, '..');
    expect(existsSync(join(modules, 'chdb'))).toBe(false);
    expect(existsSync(join(modules, 'node'))).toBe(false);
  });
});

describe('what the package takes', () => {
  const kept: Footprint = JSON.parse(
    readFileSync(join(import.meta.dirname, '../..', keptFile), 'utf8'),
  );

  it('is at most 15 % more on disk than the kept figures', () => {
    const { packageBytes, unpackedBytes } = installed;
    expect(grown(kept, { packageBytes, unpackedBytes })).toEqual([]);
  });

  const memory = 'is at most 15 % more memory than the kept figures, idle and after a load';
  if (existsSync('/proc/self/status')) {
    it(
      memory,
      async () => {
        const isEnough = (now: Partial<Footprint>): boolean => grown(kept, now).length === 0;
        expect(grown(kept, await measureMemory(installed, isEnough))).toEqual([]);
      },
      installMsMax,
    );
  } else {
    it.skip(`${memory} – needs /proc`, () => undefined);
  }

  it('notices a figure that grew by more, and none that did not', () => {
    const packageBytes = kept.packageBytes * 1.16;
    expect(grown(kept, { packageBytes })).toHaveLength(1);
    expect(grown(kept, { packageBytes: kept.packageBytes * 1.14 })).toEqual([]);
    expect(grown(kept, { packageBytes: Number.NaN })).toHaveLength(1);
  });
});

describe('the package under the Node of the clone', () => worksUnder(() => process.execPath));

describeWithPeer('node-24', 'the package under Node 24.12', (program) => {
  it('is tried with that version', async () => {
    expect((await runProgram(program, ['--version'])).stdout).toBe('v24.12.0\n');
  });
  worksUnder(() => program);
});

function worksUnder(node: () => string): void {
  const start = (...args: string[]): Program =>
    startProgram(node(), [installed.program, ...args], { cwd: folder });

  it.each([
    [['--help'], /^Usage: obsctl /],
    [['--version'], /^\d+\.\d+\.\d+\n$/],
    [['explain', 'OBS-2001'], /^OBS-2001: the port is taken\n/],
    [['migrate', '--plan', '--help'], /^Usage: obsctl migrate /],
  ])('runs obsctl %j', async (args, expected) => {
    const { code, stdout } = await start(...args).ended;
    expect(stdout).toMatch(expected);
    expect(code).toBe(0);
  });

  it('ends with 2 and a code on bad usage', async () => {
    const { code, stdout, stderr } = await start('no-such-command').ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('OBS-1001');
  });

  it('writes the same dashboards as the clone', async () => {
    const made = join(folder, `dashboards-${node().length}`);
    expect((await start('dashboards', 'render', '-o', made).ended).code).toBe(0);
    const golden = join(import.meta.dirname, '../../dashboards/testdata/rendered');
    const read = (from: string): Record<string, string> =>
      Object.fromEntries(
        readdirSync(from).map((name) => [name, readFileSync(join(from, name), 'utf8')]),
      );
    expect(Object.keys(read(made))).toEqual(Object.keys(read(golden)));
    expect(read(made)).toEqual(read(golden));
  });

  it('says what to do where the engine is not installed', async () => {
    const { code, stderr } = await start('embedded', '--data-dir', join(folder, 'engine')).ended;
    expect(stderr).toMatch(/OBS-3101: .*chdb/);
    expect(stderr).toMatch(/next: .*--clickhouse URL/);
    expect(code).toBe(3);
  });

  it('runs a gateway with its worker threads, which stores and answers', async () => {
    const gateway = start(
      ...['gateway', '--json', '--no-migrate', '--clickhouse', noServer, '--grace', '0s'],
      ...['--data-dir', join(folder, `gateway-${node().length}`)],
      ...['--otlp-grpc', loopback, '--otlp-http', loopback, '--admin', loopback],
    );
    try {
      const { otlp_http, admin } = JSON.parse(await gateway.line(/^\{/));
      expect(await (await fetch(`http://${admin}/livez`)).text()).toContain('ok');
      const answer = await fetch(`http://${otlp_http}/v1/logs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"a"}}]}]}]}',
      });
      expect(answer.status).toBe(200);
    } finally {
      gateway.kill('SIGTERM');
    }
    const { code, stderr } = await gateway.ended;
    expect(stderr).toContain('stay in the log until next time');
    expect(stderr).not.toContain('ExperimentalWarning');
    expect(code).toBe(0);
  });

  it('serves the page with every module that it imports', async () => {
    const preview = start('dashboards', 'preview', '--clickhouse', noServer, '--listen', loopback);
    try {
      const url = await preview.line(/^http/);
      await expectWholePage(url);
    } finally {
      preview.kill('SIGTERM');
    }
    expect((await preview.ended).code).toBe(0);
  });
}

/** Follows the page as a browser does: links, then imports by the import map, to their end. */
async function expectWholePage(url: string): Promise<void> {
  const index = await fetch(url);
  expect(index.headers.get('content-type')).toContain('text/html');
  const html = await index.text();
  const map = /<script type="importmap">(.*?)<\/script>/.exec(html)?.[1] ?? '{}';
  const { imports }: { imports: Record<string, string> } = JSON.parse(map);
  const open = [...html.matchAll(/(?:href|src)="(\/[^"]+)"/g)].map((found) => found[1] ?? '');
  expect(open).toContain('/app/app.js');
  const seen = new Map<string, number>();
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (seen.has(path)) continue;
    const reply = await fetch(new URL(path, url));
    seen.set(path, reply.status);
    const text = await reply.text();
    if (!path.endsWith('.js')) continue;
    expect(reply.headers.get('content-type')).toContain('text/javascript');
    for (const [, specifier = ''] of text.matchAll(/\b(?:from|import)\s*["']([^"'\s]+)["']/g)) {
      open.push(imports[specifier] ?? new URL(specifier, new URL(path, url)).pathname);
    }
  }
  expect([...seen].filter(([, status]) => status !== 200)).toEqual([]);
  expect(seen.size).toBeGreaterThan(20);
}
