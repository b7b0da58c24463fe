/**
 * Two ways to a name: the real Collector of the rendered node-agent adds it to a span, and the
 * lookups over what the watcher recorded find it by the address or id alone. On a real API server
 * both say the same of each pod.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { containedRefusal } from '../support/contained.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type ControlPlane, startControlPlane } from '../support/kubernetes.ts';
import { describeWithPeers } from '../support/peer.ts';
import { loopbackAddress } from '../support/pod.ts';
import { type Program, startProgram } from '../support/program.ts';
import { renderFile } from '../support/rendered.ts';
import { type AgentPod, gatewayOf, podReady, startAgentPod } from './agent-pod.ts';

const startMsMax = 180_000;
const agreeMsMax = 120_000;
const arrivalMsMax = 60_000;
const workload = 'lab-node-agent';
const namespace = 'observability-agents';
const obsctl = join(import.meta.dirname, '../../bin/obsctl');

const refusal = containedRefusal();
const stack = `
name: lab
cluster: test
node_agent: {presets: {otlp_ingest: {}, kubernetes_attributes: {workload_uids: true}}}
`;

const namesOfPods = `
kind: Namespace
apiVersion: v1
metadata: {name: demo}
${['Deployment', 'StatefulSet', 'DaemonSet']
  .map(
    (kind) => `---
apiVersion: apps/v1
kind: ${kind}
metadata: {name: my-${kind.toLowerCase()}, namespace: demo}
spec:
  ${kind === 'DaemonSet' ? '' : 'replicas: 2'}
  ${kind === 'StatefulSet' ? 'serviceName: none' : ''}
  selector: {matchLabels: {app: ${kind}}}
  template:
    metadata: {labels: {app: ${kind}}}
    spec:
      nodeSelector: {kubernetes.io/hostname: node-1}
      containers: [{name: main, image: "example.com/none:1"}]
`,
  )
  .join('')}`;

type Pod = { readonly name: string; readonly uid: string; readonly ip: string };

describeWithPeers(
  ['kubernetes', 'collector-0.149'],
  'the names of a pod',
  ([programs = '', collector = '']) => {
    const folder = mkdtempSync(join(tmpdir(), 'obsctl-names-'));
    let cluster: ControlPlane;
    let engine: TestEngine;
    let clickhouse: ClickHouse;
    let gateway: TestGateway;
    let watcher: Program;
    let agent: AgentPod;

    beforeAll(async () => {
      writeFileSync(join(folder, 'obs.yaml'), stack);
      const [plane, started, rendered] = await Promise.all([
        startControlPlane({ programs, nodes: 2 }),
        startEngine(),
        renderFile(join(folder, 'obs.yaml'), ['--only', 'agents']),
      ]);
      [cluster, engine] = [plane, started];
      const { host, port } = gatewayOf(rendered, workload);
      const gatewayIp = loopbackAddress();
      const args = ['--otlp-grpc', `${gatewayIp}:${port}`];
      gateway = await startGateway({ clickhouseUrl: engine.url, args });
      clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
      const url = ['--clickhouse', `${engine.url}/otel`, '--kubeconfig', cluster.kubeconfig];
      const words = ['entities', 'watch', '--cluster', 'test', ...url];
      watcher = startProgram(process.execPath, [obsctl, ...words]);
      await cluster.mustKubectl(['apply', '--server-side', '-f', '-'], rendered.stream);
      await cluster.mustKubectl(['apply', '--server-side', '-f', '-'], namesOfPods);
      agent = await startAgentPod({
        ...{ collector, cluster, rendered, workload, namespace, podName: 'agent' },
        hosts: { [host]: gatewayIp },
      });
    }, startMsMax);

    afterAll(async () => {
      watcher?.killGroup('SIGKILL');
      await agent?.program.remove();
      await gateway?.stop();
      await clickhouse?.close();
      await Promise.all([engine?.stop(), cluster?.stop()]);
      rmSync(folder, { recursive: true, force: true });
    });

    const waitFor = async <T>(what: string, get: () => Promise<T | undefined>): Promise<T> => {
      const deadlineMs = Date.now() + arrivalMsMax;
      for (;;) {
        const found = await get();
        if (found !== undefined) return found;
        if (Date.now() > deadlineMs) {
          throw new Error(`${what}: ${watcher.talk()}\n${agent.program.talk().slice(-1500)}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
    };

    const podsOf = async (): Promise<readonly Pod[] | undefined> => {
      const { body } = await cluster.ask('GET', '/api/v1/namespaces/demo/pods');
      const items = body['items'] as {
        metadata: { name: string; uid: string };
        status: { podIP?: string };
      }[];
      const pods = items.map(({ metadata, status }) => ({
        ...{ name: metadata.name, uid: metadata.uid },
        ip: status.podIP ?? '',
      }));
      return pods.length === 5 && pods.every(({ ip }) => ip !== '') ? pods : undefined;
    };

    it(
      'are the same by the agent and by the lookups, for each kind of workload',
      async () => {
        await podReady(agent, 13_133);
        const pods = await waitFor('five pods with addresses', podsOf);
        const known = `SELECT count() AS n FROM otel.entity_pods FINAL
          WHERE Namespace = 'demo' AND notEmpty(Addresses) AND Phase = 'Running'`;
        await waitFor('the watcher', async () => {
          const [row] = await clickhouse.rows<{ n: string }>(known);
          return Number(row?.n) === pods.length ? true : undefined;
        });
        await migrate(clickhouse, { lookups: {} });
        // Until the agent has heard of the pods, its spans have no names.
        const rows = await waitFor('spans with names', async () => {
          await clickhouse.run('TRUNCATE TABLE otel.otel_traces');
          for (const pod of pods) await send(agent.podIp, pod);
          return await clickhouse
            .rows<Record<string, string>>(bothWays)
            .then((all) =>
              all.length === pods.length && all.every((row) => row['agentPod'] !== '')
                ? all
                : undefined,
            );
        });
        expect(rows.map(({ name }) => name).sort()).toEqual(pods.map(({ name }) => name).sort());
        for (const row of rows) {
          for (const what of ['Pod', 'Namespace', 'Node', 'Uid', 'Workload', 'Kind']) {
            const said = { what, of: row['name'], is: row[`agent${what}`] };
            expect({ ...said, is: row[`known${what}`] }).toEqual(said);
            expect(said.is).not.toBe('');
          }
          expect(row).toMatchObject({ zone: 'zone-node-1', cluster: 'test' });
        }
        const kinds = new Set(rows.map(({ knownKind }) => knownKind));
        expect([...kinds].sort()).toEqual(['DaemonSet', 'Deployment', 'StatefulSet']);
      },
      agreeMsMax,
    );
  },
  refusal,
);

/** A span that has the address of its pod alone; what it is named by is the name it must get. */
async function send(agentIp: string, { name, ip }: Pod): Promise<void> {
  const now = `${BigInt(Date.now()) * 1_000_000n}`;
  const value = (stringValue: string) => ({ stringValue });
  const span = {
    ...{ traceId: name.padEnd(32, '0').replace(/[^0-9a-f]/g, '1'), spanId: '00000000000000aa' },
    ...{ name, kind: 2, startTimeUnixNano: now, endTimeUnixNano: now },
  };
  const attributes = [{ key: 'k8s.pod.ip', value: value(ip) }];
  const body = { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans: [span] }] }] };
  const answer = await fetch(`http://${agentIp}:4318/v1/traces`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  await answer.body?.cancel();
}

const said = (attribute: string): string => `ResourceAttributes['${attribute}']`;
const byAddress = (attribute: string): string =>
  `dictGet('otel.entity_address', '${attribute}', ('test', ${said('k8s.pod.ip')}), Timestamp)`;

/** Of each span what the agent said, what the lookups know, and the two in one view. */
const bothWays = `
  SELECT SpanName AS name, ${said('k8s.pod.name')} AS agentPod, ${byAddress('Name')} AS knownPod,
    ${said('k8s.namespace.name')} AS agentNamespace, ${byAddress('Namespace')} AS knownNamespace,
    ${said('k8s.node.name')} AS agentNode, ${byAddress('Node')} AS knownNode,
    ${said('k8s.pod.uid')} AS agentUid, ${byAddress('Id')} AS knownUid,
    Workload AS agentWorkload, ${byAddress('Workload')} AS knownWorkload,
    WorkloadKind AS agentKind, ${byAddress('WorkloadKind')} AS knownKind,
    Zone AS zone, Cluster AS cluster
  FROM otel.otel_traces_tagged
  WHERE coalesce(nullIf(${said('k8s.deployment.name')}, ''),
    nullIf(${said('k8s.statefulset.name')}, ''), ${said('k8s.daemonset.name')}) = Workload
    AND Workload != ''
  ORDER BY name, Timestamp DESC LIMIT 1 BY name`;
