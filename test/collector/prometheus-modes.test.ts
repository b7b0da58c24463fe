/**
 * The rendered prometheus-agent in its three modes, run by real Collectors with the token of their
 * service account against a real API server that knows the targets: on each of two nodes a
 * node-exporter (the real one), Cilium, Calico, AWS CNI and the kubelet's cAdvisor, and one
 * kube-state-metrics. Every target is read exactly once an interval, whatever the number of
 * replicas, and arrives in the tables as often as it was read.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { JsonObject } from '../../core/json.ts';
import { type AgentPod, gatewayOf, podReady, startAgentPod } from '../kubernetes/agent-pod.ts';
import { containedRefusal } from '../support/contained.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { freePort } from '../support/free-ports.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type ControlPlane, startControlPlane } from '../support/kubernetes.ts';
import { describeWithPeers } from '../support/peer.ts';
import { loopbackAddress } from '../support/pod.ts';
import { type Program, startProgram } from '../support/program.ts';
import { type Rendered, renderFile } from '../support/rendered.ts';
import { type Exporter, startExporter } from './exporters.ts';

const startMsMax = 120_000;
const modeMsMax = 120_000;
const intervalMs = 2000;
/** A second reader of a target would come somewhere inside an interval, not a quarter beside it. */
const jitterMsMax = intervalMs / 4;
const readingsMin = 5;
const health = 13_133;
const statePort = 8080;
const workload = 'lab-prometheus-agent';
const namespace = 'observability-agents';
const nodes = ['node-1', 'node-2'];

type Target = {
  readonly exporter: Exporter;
  /** A metric that only this kind of target has, and the kind of its points. */
  readonly metric: string;
  /** `service.instance.id` of its points. */
  readonly instance: string;
};

type Mode = {
  readonly mode: 'deployment' | 'statefulset' | 'daemonset';
  readonly pods: readonly { readonly podName: string; readonly nodeName: string }[];
};

const modes: readonly Mode[] = [
  { mode: 'deployment', pods: [{ podName: `${workload}-a`, nodeName: 'node-1' }] },
  {
    mode: 'statefulset',
    pods: [0, 1, 2].map((index) => ({ podName: `${workload}-${index}`, nodeName: 'node-1' })),
  },
  { mode: 'daemonset', pods: nodes.map((nodeName) => ({ podName: `of-${nodeName}`, nodeName })) },
];

const annotated = [
  { name: 'cilium', fixture: 'cilium.txt', metric: 'cilium_policy' },
  { name: 'calico-node', fixture: 'calico.txt', metric: 'felix_cluster_num_hosts' },
  { name: 'aws-node', fixture: 'aws-cni.txt', metric: 'awscni_eni_max' },
];

describeWithPeers(
  ['kubernetes', 'collector-0.149', 'node-exporter'],
  'the prometheus-agent reads every target exactly once an interval',
  ([programs = '', collector = '', nodeExporter = '']) => {
    const folder = mkdtempSync(join(tmpdir(), 'obsctl-prometheus-'));
    const targets: Target[] = [];
    let cluster: ControlPlane;
    let engine: TestEngine;
    let gateway: TestGateway;
    let real: Program | undefined;
    let pods: readonly AgentPod[] = [];
    const gatewayIp = loopbackAddress();

    beforeAll(async () => {
      const place = `127.0.0.1:${await freePort()}`;
      real = startProgram(nodeExporter, [`--web.listen-address=${place}`]);
      [cluster, engine] = await Promise.all([
        startControlPlane({ programs, nodes: nodes.length }),
        startEngine(),
      ]);
      const args = ['--otlp-grpc', `${gatewayIp}:4317`, '--otlp-http', `${gatewayIp}:4318`];
      gateway = await startGateway({ clickhouseUrl: engine.url, args });
      await cluster.mustKubectl(['create', 'namespace', 'targets']);
      for (const node of nodes) {
        targets.push(await addKubelet(cluster, node));
        const url = `http://${place}/metrics`;
        targets.push(await addPod(node, 'node-exporter', { url }, 'node_load1'));
        for (const { name, fixture, metric } of annotated) {
          targets.push(await addPod(node, name, { fixture }, metric));
        }
      }
      const rendered = await render('deployment');
      await cluster.mustKubectl(['apply', '--server-side', '-f', '-'], rendered.stream);
      targets.push(await addStateMetrics(cluster));
    }, startMsMax);

    afterEach(async () => {
      await Promise.all(pods.map(({ program }) => program.remove()));
      pods = [];
    });

    afterAll(async () => {
      real?.killGroup('SIGKILL');
      await gateway?.stop();
      await Promise.all([
        engine?.stop(),
        cluster?.stop(),
        ...targets.map(({ exporter }) => exporter.stop()),
      ]);
      rmSync(folder, { recursive: true, force: true });
    });

    const addPod = async (
      nodeName: string,
      name: string,
      source: { fixture: string } | { url: string },
      metric: string,
    ): Promise<Target> => {
      const podName = `${name}-${nodeName}`;
      const exporter = await startExporter({ name: podName, ip: loopbackAddress(), source });
      const pod = annotatedPod(podName, nodeName, name, exporter.port);
      await cluster.mustKubectl(['create', '-n', 'targets', '-f', '-'], JSON.stringify(pod));
      await giveAddress(cluster, 'targets', podName, exporter.ip);
      return { exporter, metric, instance: `${exporter.ip}:${exporter.port}` };
    };

    const render = async (mode: Mode['mode'], by = 'otlp'): Promise<Rendered> => {
      const file = join(folder, `${mode}-${by}.yaml`);
      writeFileSync(file, stackText(mode, by));
      return renderFile(file, ['--only', 'agents']);
    };

    const ask = async (sql: string): Promise<Record<string, unknown>[]> => {
      const body = `${sql} FORMAT JSONEachRow`;
      const answer = await fetch(`${engine.url}/?database=otel`, { method: 'POST', body });
      const text = await answer.text();
      if (answer.status !== 200) throw new Error(text);
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    };

    it.each(modes)(
      'in the mode $mode',
      async ({ mode, pods: places }) => {
        const rendered = await render(mode);
        await cluster.mustKubectl(['apply', '--server-side', '-f', '-'], rendered.stream);
        const { host, port } = gatewayOf(rendered, workload);
        expect(port).toBe(4317);
        const sinceNs = `${Date.now()}000000`;
        for (const { exporter } of targets) exporter.forget();
        const hosts = { [host]: gatewayIp };
        const common = { collector, cluster, rendered, workload, namespace, hosts };
        pods = await Promise.all(places.map((place) => startAgentPod({ ...common, ...place })));
        for (const pod of pods) await podReady(pod, health);
        await until(`every target was read ${readingsMin} times`, talks(pods), () =>
          targets.every(({ exporter }) => exporter.readings().length >= readingsMin),
        );
        // What was read is on its way: stopped agents hand on what they hold.
        await Promise.all(pods.map(({ program }) => ended(program)));
        expect(targets.map(({ exporter }) => [exporter.name, untimely(exporter)])).toEqual(
          targets.map(({ exporter }) => [exporter.name, []]),
        );
        for (const { exporter, metric, instance } of targets) {
          const stored = () => countPoints(ask, metric, instance, sinceNs);
          const wanted = exporter.readings().length;
          await until(`${wanted} points of ${metric} at ${instance}`, stored, async () => {
            return (await stored()) >= wanted - 1;
          });
          expect(await stored()).toBeLessThanOrEqual(wanted);
        }
      },
      modeMsMax,
    );

    it(
      'would notice a second replica that takes no share',
      async () => {
        const rendered = await render('deployment');
        const hosts = { [gatewayOf(rendered, workload).host]: gatewayIp };
        const common = { collector, cluster, rendered, workload, namespace, hosts };
        for (const { exporter } of targets) exporter.forget();
        const start = (podName: string) => startAgentPod({ ...common, podName });
        pods = await Promise.all(['one', 'too-many'].map(start));
        await until('every target was read by both', talks(pods), () =>
          targets.every(({ exporter }) => exporter.readings().length >= 2 * readingsMin),
        );
        const unnoticed = targets.filter(({ exporter }) => untimely(exporter).length === 0);
        expect(unnoticed.map(({ exporter }) => exporter.name)).toEqual([]);
      },
      modeMsMax,
    );

    it('shows the token to kubelets alone', () => {
      const shown = targets.filter(({ exporter }) => exporter.credentials().size > 0);
      expect(shown.map(({ metric }) => metric)).toEqual(nodes.map(() => 'machine_cpu_cores'));
    });

    it('names the pod, its namespace and its node on each point', async () => {
      const rows = await ask(
        `SELECT DISTINCT ResourceAttributes['k8s.node.name'] AS node,
                ResourceAttributes['k8s.pod.name'] AS pod,
                ResourceAttributes['k8s.namespace.name'] AS namespace, ServiceName AS service
         FROM otel_metrics_gauge WHERE MetricName = 'cilium_policy' ORDER BY node`,
      );
      expect(rows).toEqual(
        nodes.map((node) => ({
          node,
          pod: `cilium-${node}`,
          namespace: 'targets',
          service: 'cilium',
        })),
      );
    });

    it('leaves out what the allow list does not name', async () => {
      const rows = await ask(
        `SELECT DISTINCT MetricName AS name FROM otel_metrics_gauge
         WHERE MetricName IN ('container_threads', 'container_memory_rss')`,
      );
      expect(rows).toEqual([{ name: 'container_memory_rss' }]);
    });

    it('keeps the labels by which kube-state-metrics names its objects', async () => {
      const rows = await ask(
        `SELECT DISTINCT Attributes['pod'] AS pod, Attributes['namespace'] AS namespace
         FROM otel_metrics_gauge WHERE MetricName = 'kube_pod_info'`,
      );
      expect(rows).toEqual([{ pod: 'shop-0', namespace: 'shop' }]);
    });

    it(
      'names pod, namespace and node of a target in target_info when it sends by remote write',
      async () => {
        const rendered = await render('deployment', 'remote_write');
        await cluster.mustKubectl(['apply', '--server-side', '-f', '-'], rendered.stream);
        const { host, port } = gatewayOf(rendered, workload);
        expect(port).toBe(4318);
        const hosts = { [host]: gatewayIp };
        const common = { collector, cluster, rendered, workload, namespace, hosts };
        pods = [await startAgentPod({ ...common, podName: 'writer' })];
        const known = () =>
          ask(
            `SELECT DISTINCT ServiceName AS service, Attributes['k8s_pod_name'] AS pod,
               Attributes['k8s_namespace_name'] AS namespace, Attributes['k8s_node_name'] AS node
             FROM otel_metrics_gauge WHERE MetricName = 'target_info' AND service = 'cilium'
             ORDER BY node`,
          );
        await until('target_info of both', talks(pods), async () => (await known()).length === 2);
        const service = 'cilium';
        expect(await known()).toEqual(
          nodes.map((node) => ({ service, pod: `cilium-${node}`, namespace: 'targets', node })),
        );
      },
      modeMsMax,
    );
  },
  containedRefusal(),
);

function stackText(mode: Mode['mode'], by: string): string {
  const every = `scrape_interval: ${intervalMs}ms`;
  return `name: lab
cluster: test
gateway: {image: registry.example/obs/obsctl:0.1.0}
prometheus_agent:
  export: ${by}
  mode: ${mode}${mode === 'statefulset' ? '\n  shards: 3' : ''}
  presets:
    prometheus_annotations: {${every}, scrape_timeout: 1s}
    cadvisor: {${every}}
    kube_state_metrics: {${every}}
`;
}

/** Readings that came too soon after, or too late for, the one before. */
function untimely(exporter: Exporter): readonly number[] {
  const readings = exporter.readings();
  return readings
    .slice(1)
    .map((at, index) => at - (readings[index] ?? 0))
    .filter((gapMs) => Math.abs(gapMs - intervalMs) > jitterMsMax);
}

async function countPoints(
  ask: (sql: string) => Promise<Record<string, unknown>[]>,
  metric: string,
  instance: string,
  sinceNs: string,
): Promise<number> {
  const rows = await ask(
    `SELECT toUInt32(count()) AS points FROM otel_metrics_gauge
     WHERE MetricName = '${metric}' AND TimeUnix > fromUnixTimestamp64Nano(${sinceNs})
       AND ResourceAttributes['service.instance.id'] = '${instance}'
     GROUP BY Attributes`,
  );
  return Math.max(0, ...rows.map(({ points }) => Number(points)));
}

/** Two declared ports and an init container: all of them are the same one target. */
function annotatedPod(name: string, nodeName: string, app: string, port: number): JsonObject {
  const ports = [{ containerPort: port }, { containerPort: 9 }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      labels: { app },
      annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': `${port}` },
    },
    spec: {
      nodeName,
      initContainers: [{ name: 'init', image: 'example/init', ports: [{ containerPort: 7 }] }],
      containers: [{ name: app, image: 'example/app', ports }],
    },
  };
}

/** The kubelet of a node that kwok plays: its address and port are in the status of the node. */
async function addKubelet(cluster: ControlPlane, node: string): Promise<Target> {
  const server = join(cluster.dir, 'apiserver', 'apiserver');
  const exporter = await startExporter({
    name: `cadvisor of ${node}`,
    ip: loopbackAddress(),
    path: '/metrics/cadvisor',
    source: { fixture: 'cadvisor.txt' },
    tls: { certFile: `${server}.crt`, keyFile: `${server}.key` },
  });
  const { status } = await cluster.ask('PATCH', `/api/v1/nodes/${node}/status`, {
    status: {
      addresses: [{ type: 'InternalIP', address: exporter.ip }],
      daemonEndpoints: { kubeletEndpoint: { Port: exporter.port } },
    },
  });
  if (status !== 200) throw new Error(`the node ${node} took no address: ${status}`);
  return { exporter, metric: 'machine_cpu_cores', instance: node };
}

/** The pod that the rendered Deployment makes, with an exporter behind its address. */
async function addStateMetrics(cluster: ControlPlane): Promise<Target> {
  const deployment = 'deployment/lab-kube-state-metrics';
  await cluster.mustKubectl(['rollout', 'status', deployment, '-n', namespace]);
  const select = ['-l', 'app.kubernetes.io/name=kube-state-metrics', '-o', 'name'];
  const [pod = ''] = (await cluster.mustKubectl(['get', 'pods', '-n', namespace, ...select]))
    .trim()
    .split('\n');
  const ip = loopbackAddress();
  const source = { fixture: 'kube-state-metrics.txt' };
  const exporter = await startExporter({ name: program, ip, port: statePort, source });
  await giveAddress(cluster, namespace, pod.replace('pod/', ''), ip);
  return { exporter, metric: 'kube_node_info', instance: `${ip}:${statePort}` };
}

const program = 'kube-state-metrics';

/** kwok gives pods addresses where nobody is; once a pod runs, it leaves them alone. */
async function giveAddress(
  cluster: ControlPlane,
  where: string,
  pod: string,
  ip: string,
): Promise<void> {
  const ready = ['wait', '--for=condition=Ready', `pod/${pod}`, '-n', where, '--timeout=60s'];
  await cluster.mustKubectl(ready);
  const path = `/api/v1/namespaces/${where}/pods/${pod}/status`;
  const { status } = await cluster.ask('PATCH', path, {
    status: { podIP: ip, podIPs: [{ ip }] },
  });
  if (status !== 200) throw new Error(`the pod ${pod} took no address: ${status}`);
}

async function ended(program: AgentPod['program']): Promise<void> {
  program.kill('SIGTERM');
  await program.ended;
}

function talks(pods: readonly AgentPod[]): () => string {
  return () => pods.map(({ program: { talk } }) => talk().slice(-1500)).join('\n---\n');
}

async function until(
  what: string,
  state: () => unknown,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadlineMs = Date.now() + 40_000;
  while (!(await holds())) {
    if (Date.now() > deadlineMs) throw new Error(`not ${what}: ${await state()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
