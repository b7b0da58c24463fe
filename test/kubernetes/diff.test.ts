/**
 * `obsctl diff --live` against a real API server: everything is new at first, nothing differs once
 * it is applied, and a change shows as what it is, with the server's own defaults on both sides.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Difference } from '../../cli/render/diff/diff.ts';
import { type ControlPlane, startControlPlane } from '../support/kubernetes.ts';
import { describeWithPeer } from '../support/peer.ts';
import { type Ended, runProgram } from '../support/program.ts';
import { renderFile } from '../support/rendered.ts';

const startMsMax = 120_000;
const askMsMax = 120_000;
const main = join(import.meta.dirname, '../../cli/main.ts');

const stack = `
name: shop
gateway: {replicas: 2}
node_agent: {presets: {pod_logs: {}, kubelet_metrics: {}}}
cluster_agent: {presets: {cluster_metrics: {}}}
`;

describeWithPeer('kubernetes', 'obsctl diff --live', (programs) => {
  let plane: ControlPlane;
  let folder = '';
  let file = '';

  beforeAll(async () => {
    plane = await startControlPlane({ programs, nodes: 0, controllers: false });
    folder = mkdtempSync(join(tmpdir(), 'obsctl-diff-'));
    file = join(folder, 'obs.yaml');
    writeFileSync(file, stack);
  }, startMsMax);
  afterAll(async () => {
    await plane?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const diff = (...words: readonly string[]): Promise<Ended> =>
    runProgram(
      process.execPath,
      [main, 'diff', '--live', '-f', file, '--kubectl', join(programs, 'kubectl'), ...words],
      { env: { KUBECONFIG: plane.kubeconfig } },
    );
  const differences = async (): Promise<readonly Difference[]> => {
    const { stdout, stderr } = await diff('--json');
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout).differences;
  };

  it(
    'calls everything new where nothing is',
    async () => {
      const found = await differences();
      expect(found.length).toBeGreaterThan(15);
      expect(new Set(found.map(({ change }) => change))).toEqual(new Set(['added']));
    },
    askMsMax,
  );

  it(
    'finds no difference once the stack is applied',
    async () => {
      const { stream } = await renderFile(file);
      await plane.mustKubectl(['apply', '--server-side', '-f', '-'], stream);
      const { code, stdout } = await diff();
      expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    },
    askMsMax,
  );

  it(
    'shows a change as fields and components, with its risks, and changes nothing',
    async () => {
      const text = readFileSync(file, 'utf8');
      writeFileSync(
        file,
        text
          .replace('replicas: 2', 'replicas: 1, volume: 20Gi')
          .replace(', kubelet_metrics: {}', ''),
      );
      const found = await differences();
      const gateway = found.find(({ object }) => /^StatefulSet .*-gateway$/.test(object));
      expect(gateway?.risks.map(({ label }) => label)).toEqual(
        expect.arrayContaining(['strands-log', 'refused']),
      );
      const config = found.find(({ object }) => /^ConfigMap .*-node-agent$/.test(object));
      expect(config?.components.map(({ component }) => component)).toContain(
        'receivers.kubeletstats',
      );
      expect(await differences()).toEqual(found);
    },
    askMsMax,
  );

  it(
    'calls what is rendered no more gone',
    async () => {
      writeFileSync(file, stack.replace('cluster_agent: {presets: {cluster_metrics: {}}}\n', ''));
      const gone = (await differences()).filter(({ change }) => change === 'removed');
      expect(gone.map(({ object }) => object)).toEqual(
        expect.arrayContaining([
          'Deployment observability-agents/shop-cluster-agent',
          'ClusterRoleBinding shop-cluster-agent.observability-agents',
        ]),
      );
    },
    askMsMax,
  );

  it(
    'says that it could not ask, with the code for what is outside',
    async () => {
      const { code, stderr } = await diff('--context', 'nobody-has-this');
      expect(code).toBe(3);
      expect(stderr).toContain('OBS-1404');
    },
    askMsMax,
  );
});
