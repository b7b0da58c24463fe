/**
 * The steps of `docs/guide/agents.md` on rendered output: what a change touches, the text of its
 * command for one node pool, and the way back to the same bytes. kubectl is left out.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { diffManifests } from '../../cli/render/diff/diff.ts';
import { parseManifests } from '../../cli/render/diff/manifest.ts';
import { runObsctl } from '../support/program.ts';

jest.setTimeout(60_000);

const run = promisify(execFile);
const guide = join(import.meta.dirname, '../../docs/guide/agents.md');
const before = `name: shop
cluster: prod-eu
gateway: {image: "registry.example/obs/obsctl:0.1.0"}
node_agent: {presets: {pod_logs: {}}}
cluster_agent: true
sampler: true
`;
const after = before.replace('pod_logs: {}', 'pod_logs: {poll_interval: 2s}');

let folder: string;
let blocks: readonly string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'obsctl-rollout-'));
  const text = await readFile(guide, 'utf8');
  blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block = '']) => block);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const file = (name: string): string => join(folder, name);

/** Every file that `render -o` wrote, by name. */
async function contents(name: string): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(file(name))).sort();
  const texts = await Promise.all(names.map((one) => readFile(join(file(name), one), 'utf8')));
  return Object.fromEntries(names.map((one, index) => [one, texts[index] ?? '']));
}

async function render(text: string, into: string): Promise<void> {
  await writeFile(file('obs.yaml'), text);
  const { code, stderr } = await runObsctl('render', '-f', file('obs.yaml'), '-o', file(into));
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
}

/** Of each agent's rendered configuration. */
function hashesIn(text = ''): Readonly<Record<string, string>> {
  const found = text.matchAll(/obsctl\.agent: (\S+)\n.*\n +obsctl\.config\.hash: (\S+)/g);
  return Object.fromEntries([...found].map(([, agent, hash]) => [agent, hash]));
}

describe('a change that is rolled out in stages', () => {
  it('is shown beforehand by component, and is one of the agent that it names', async () => {
    await render(before, 'rendered');
    await render(after, 'next');
    const shown = await runObsctl('diff', '-f', file('obs.yaml'), file('rendered'));
    expect(shown.code).toBe(1);
    expect(shown.stdout).toContain('~ receivers.file_log/pods\n');
    expect(shown.stdout).not.toMatch(/cluster-agent|sampler/);
    const [old, now] = [await contents('rendered'), await contents('next')];
    const changed = Object.keys(now).filter((name) => now[name] !== old[name]);
    expect(changed).toEqual(['agents.yaml']);
    const [hashes, others] = [hashesIn(old['agents.yaml']), hashesIn(now['agents.yaml'])];
    expect(Object.keys(hashes).sort()).toEqual(['cluster-agent', 'node-agent', 'sampler']);
    expect(others).toEqual({ ...hashes, 'node-agent': others['node-agent'] });
    expect(others['node-agent']).not.toBe(hashes['node-agent']);
  });

  it('waits for deleted pods by the command of the guide, with no other change', async () => {
    const sed = blocks.join('').match(/sed '(.*)' \|/)?.[1];
    if (sed === undefined) throw new Error('the guide has no such command');
    const words = ['render', '-f', file('obs.yaml'), '--only', 'agents'];
    const { stdout: stream } = await runObsctl(...words);
    await writeFile(file('stream.yaml'), stream);
    const { stdout: staged } = await run('sed', [sed, file('stream.yaml')]);
    const differences = diffManifests(
      parseManifests(stream, 'stream.yaml'),
      parseManifests(staged, 'staged.yaml'),
    );
    expect(differences.map(({ object, fields }) => [object, fields])).toEqual([
      [
        'DaemonSet observability-agents/shop-node-agent',
        [{ path: 'spec.updateStrategy.type', before: 'RollingUpdate', after: 'OnDelete' }],
      ],
    ]);
  });

  it('finds its pods by the label and the namespace that the guide names', async () => {
    const { stdout } = await runObsctl('render', '-f', file('obs.yaml'), '--only', 'agents');
    const daemonSet = parseManifests(stdout, 'stream').find(({ kind }) => kind === 'DaemonSet');
    expect(blocks.join('')).toContain('kubectl -n observability-agents delete pod');
    expect(blocks.join('')).toContain('-l app.kubernetes.io/component=node-agent\n');
    expect(daemonSet).toMatchObject({
      metadata: { namespace: 'observability-agents' },
      spec: {
        template: { metadata: { labels: { 'app.kubernetes.io/component': 'node-agent' } } },
      },
    });
  });

  it('goes back to the same bytes', async () => {
    await render(after, 'rolled');
    await render(before, 'rolled');
    expect(await contents('rolled')).toEqual(await contents('rendered'));
    const shown = await runObsctl('diff', '-f', file('obs.yaml'), file('rendered'));
    expect([shown.code, shown.stdout]).toEqual([0, '']);
  });

  it('names commands and options that exist', async () => {
    const commands = blocks.join('').matchAll(/^obsctl ([a-z]+(?: (?:rollout|drift|list))?)/gm);
    const named = new Set([...commands].map(([, words = '']) => words));
    expect([...named].sort()).toEqual(['agents rollout', 'diff', 'estimate', 'render', 'validate']);
    for (const words of named) {
      expect((await runObsctl(...words.split(' '), '--help')).code).toBe(0);
    }
  });
});
