/**
 * The rendered cluster-agent, run by the real Collector with its service account's token against a
 * real API server with RBAC on, and what it sees there on its way through our gateway into the
 * engine. Two replicas; one is killed.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { askerOf } from '../support/ask-dashboards.ts';
import { containedRefusal } from '../support/contained.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type ControlPlane, startControlPlane } from '../support/kubernetes.ts';
import { describeWithPeers } from '../support/peer.ts';
import { loopbackAddress } from '../support/pod.ts';
import { type Rendered, renderFile } from '../support/rendered.ts';
import { type AgentPod, gatewayOf, podReady, startAgentPod } from './agent-pod.ts';

const startMsMax = 120_000;
const arrivalMsMax = 40_000;
/** Lease 15 s, a retry every 2 s, and the first collection after it. */
const takeoverMsMax = 30_000;
const collectionIntervalMs = 2000;
const workload = 'lab-cluster-agent';
const namespace = 'observability-agents';
const acquired = 'Successfully acquired lease';
const refusal = containedRefusal();
const ready = 13_133;

describeWithPeers(
  ['kubernetes', 'collector-0.149'],
  'the cluster-agent against a real API server',
  ([programs = '', collector = '']) => {
    let cluster: ControlPlane;
    let engine: TestEngine;
    let gateway: TestGateway;
    let rendered: Rendered;
    let pods: readonly AgentPod[] = [];

    beforeAll(async () => {
      const file = join(import.meta.dirname, 'testdata/cluster-agent.yaml');
      [cluster, engine, rendered] = await Promise.all([
        startControlPlane({ programs, nodes: 2 }),
        startEngine(),
        renderFile(file, ['--only', 'agents']),
      ]);
      const { host, port } = gatewayOf(rendered, workload);
      const gatewayIp = loopbackAddress();
      const args = ['--otlp-grpc', `${gatewayIp}:${port}`];
      gateway = await startGateway({ clickhouseUrl: engine.url, args });
      await cluster.mustKubectl(['apply', '--server-side', '-f', '-'], rendered.stream);
      const common = { collector, cluster, rendered, workload, namespace };
      pods = await Promise.all(
        ['first', 'second'].map((podName) =>
          startAgentPod({ ...common, podName, hosts: { [host]: gatewayIp } }),
        ),
      );
    }, startMsMax);

    afterAll(async () => {
      await Promise.all(pods.map(({ program }) => program.remove()));
      await gateway?.stop();
      await Promise.all([engine?.stop(), cluster?.stop()]);
    });

    const ask = async (sql: string): Promise<Record<string, unknown>[]> => {
      const answer = await fetch(`${engine.url}/?database=otel`, {
        method: 'POST',
        body: `${sql} FORMAT JSONEachRow`,
      });
      const text = await answer.text();
      if (answer.status !== 200) throw new Error(text);
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    };
    const waitFor = async (what: string, holds: () => Promise<boolean>, ms = arrivalMsMax) => {
      const deadlineMs = Date.now() + ms;
      while (!(await holds())) {
        if (Date.now() > deadlineMs) {
          const talk = pods.map(({ program }) => program.talk().slice(-1500)).join('\n---\n');
          throw new Error(`${what} did not happen in ${ms} ms\n${talk}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    };
    const leads = (pod: AgentPod): boolean => pod.program.talk().includes(acquired);
    /** Distinct values of a resource attribute on the points of one metric. */
    const seen = async (metric: string, attribute: string): Promise<unknown[]> => {
      const rows = await ask(
        `SELECT DISTINCT ResourceAttributes['${attribute}'] AS value FROM otel_metrics_gauge
         WHERE MetricName = '${metric}' ORDER BY value`,
      );
      return rows.map(({ value }) => value);
    };

    it('becomes ready in both pods, as its user', async () => {
      for (const pod of pods) await podReady(pod, ready);
    });

    it('runs in one of two replicas only', async () => {
      await waitFor('a leader', async () => pods.some(leads));
      expect(pods.filter(leads)).toHaveLength(1);
    });

    it('brings nodes, pods and workloads made there to the tables of metrics', async () => {
      await cluster.mustKubectl(['apply', '--server-side', '-f', '-'], demoObjects());
      await cluster.mustKubectl(['rollout', 'status', 'deployment/web', '-n', 'demo']);
      await waitFor(
        'the pods',
        async () => (await seen('k8s.pod.phase', 'k8s.pod.name')).length > 5,
      );
      expect(await seen('k8s.node.condition_ready', 'k8s.node.name')).toEqual(['node-1', 'node-2']);
      const podNames = await seen('k8s.pod.phase', 'k8s.pod.name');
      expect(podNames.filter((name) => String(name).startsWith('web-'))).toHaveLength(3);
      const expected: Readonly<Record<string, readonly [string, string]>> = {
        'k8s.deployment.available': ['k8s.deployment.name', 'web'],
        'k8s.statefulset.ready_pods': ['k8s.statefulset.name', 'db'],
        'k8s.daemonset.ready_nodes': ['k8s.daemonset.name', 'log'],
        'k8s.job.desired_successful_pods': ['k8s.job.name', 'once'],
        'k8s.cronjob.active_jobs': ['k8s.cronjob.name', 'nightly'],
        'k8s.hpa.max_replicas': ['k8s.hpa.name', 'web'],
        'k8s.namespace.phase': ['k8s.namespace.name', 'demo'],
        'k8s.resource_quota.hard_limit': ['k8s.resourcequota.name', 'small'],
      };
      for (const [metric, [attribute, name]] of Object.entries(expected)) {
        await waitFor(metric, async () => (await seen(metric, attribute)).includes(name));
      }
      const clusters = await seen('k8s.pod.phase', 'k8s.cluster.name');
      expect(clusters).toEqual(['test']);
    }, 90_000);

    it('says the number of ready replicas that the API server says', async () => {
      await waitFor('three available', async () => {
        const rows = await ask(
          `SELECT argMax(Value, TimeUnix) AS value FROM otel_metrics_gauge
           WHERE MetricName = 'k8s.deployment.available'
             AND ResourceAttributes['k8s.deployment.name'] = 'web'`,
        );
        return Number(rows[0]?.['value']) === 3;
      });
    });

    it('fills the dashboards of the cluster', async () => {
      const askNow = (): ReturnType<typeof askerOf> => {
        const nowMs = Date.now();
        return askerOf(engine.url, { fromMs: nowMs - 300_000, toMs: nowMs });
      };
      // Ranges end at whole seconds: points of this very second are not in them yet.
      await waitFor('nodes on the dashboard', async () => {
        const rows = await askNow().panelRows('Kubernetes', 'Nodes not ready');
        return rows.length > 0;
      });
      const { panelRows } = askNow();
      expect(await panelRows('Kubernetes', 'Nodes not ready')).toEqual([{ 'Nodes not ready': 0 }]);
      const nodes = await panelRows('Kubernetes', 'Nodes by trouble');
      expect(nodes.map((row) => row['Node']).sort()).toEqual(['node-1', 'node-2']);
      const rows = await panelRows('Kubernetes', 'Workloads by trouble');
      expect(rows).toContainEqual(
        expect.objectContaining({
          Workload: 'deployment/web',
          Namespace: 'demo',
          Cluster: 'test',
          Desired: 3,
          Available: 3,
        }),
      );
      const names = rows.map((row) => row['Workload']);
      expect(names).toEqual(expect.arrayContaining(['statefulset/db', 'daemonset/log']));
      const set = { workload: 'deployment/web' };
      const pods = await panelRows('Workload', 'Pods', { set });
      // No kubelet is here: only its name says whose a pod is.
      expect(pods).toHaveLength(3);
      for (const pod of pods)
        expect(pod).toMatchObject({ State: 'Running', Workload: set.workload });
      expect(
        await panelRows('Workload', 'Pods', { set: { workload: 'daemonset/log' } }),
      ).toHaveLength(2);
    });

    it('is refused nothing', () => {
      for (const { program } of pods) expect(program.talk()).not.toMatch(/forbidden/i);
    });

    it('goes on in the other replica when the leader is killed, with no point twice', async () => {
      const leader = pods.find(leads);
      const other = pods.find((pod) => pod !== leader);
      if (leader === undefined || other === undefined) throw new Error('there is no leader');
      const killedMs = Date.now();
      leader.program.kill('SIGKILL');
      await waitFor('the takeover', async () => leads(other), takeoverMsMax);
      await waitFor('points of the other', async () => {
        const rows = await ask(
          `SELECT count() AS n FROM otel_metrics_gauge
           WHERE MetricName = 'k8s.node.condition_ready'
             AND TimeUnix > fromUnixTimestamp64Milli(${killedMs + 1000})`,
        );
        return Number(rows[0]?.['n']) > 4;
      });
      expect(other.program.talk()).not.toMatch(/forbidden/i);
      // Two that work at once would halve the distance of a series' points.
      const [row] = await ask(
        `SELECT min(distance) AS least, count() AS points FROM (
           SELECT toUnixTimestamp64Milli(TimeUnix) - lagInFrame(toUnixTimestamp64Milli(TimeUnix))
             OVER (PARTITION BY MetricName, ResourceAttributes, Attributes ORDER BY TimeUnix
               ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS distance
           FROM otel_metrics_gauge WHERE MetricName LIKE 'k8s.%')`,
      );
      expect(Number(row?.['points'])).toBeGreaterThan(100);
      expect(Number(row?.['least'])).toBeGreaterThan(collectionIntervalMs / 2);
    }, 90_000);
  },
  refusal,
);

/** One of each kind that the receiver knows. */
function demoObjects(): string {
  const labels = { app: 'demo' };
  const container = { name: 'main', image: 'example.com/none:1' };
  const template = (name: string, restartPolicy = 'Always') => ({
    metadata: { labels: { ...labels, name } },
    spec: { restartPolicy, containers: [container] },
  });
  const selector = (name: string) => ({ matchLabels: { ...labels, name } });
  const meta = (name: string) => ({ name, namespace: 'demo' });
  const job = { template: template('once', 'Never') };
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
  const items = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } },
    ...(['Deployment', 'StatefulSet', 'DaemonSet'] as const).map((kind) => {
      const name = { Deployment: 'web', StatefulSet: 'db', DaemonSet: 'log' }[kind];
      const replicas = { Deployment: { replicas: 3 }, StatefulSet: { serviceName: 'db' } };
      const more = kind === 'DaemonSet' ? {} : replicas[kind];
      const spec = { ...more, selector: selector(name), template: template(name) };
      return { apiVersion: 'apps/v1', kind, metadata: meta(name), spec };
    }),
    { apiVersion: 'batch/v1', kind: 'Job', metadata: meta('once'), spec: job },
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: meta('nightly'),
      spec: { schedule: '0 3 * * *', jobTemplate: { spec: job } },
    },
    {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: meta('small'),
      spec: { hard: { pods: '20' } },
    },
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: meta('web'),
      spec: { scaleTargetRef: target, minReplicas: 1, maxReplicas: 5 },
    },
  ];
  return items.map((item) => JSON.stringify(item)).join('\n---\n');
}
