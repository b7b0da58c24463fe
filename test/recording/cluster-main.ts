/**
 * Records what a cluster sends: `node test/recording/cluster-main.ts [--minutes 12]`. The rendered
 * cluster-agent, a real Collector, watches a real control plane, whose nodes kwok plays, while a
 * workload is rolled out, scaled and rolled out again; kept in `cluster.rec`.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { peers } from '../../tools/peers/list.ts';
import { gatewayOf, podReady, startAgentPod } from '../kubernetes/agent-pod.ts';
import { startControlPlane } from '../support/kubernetes.ts';
import { loopbackAddress } from '../support/pod.ts';
import { renderFile } from '../support/rendered.ts';
import { startRecorder } from './recorder.ts';

const workload = 'shop-cluster-agent';
const namespace = 'observability-agents';
const readyPort = 13_133;
const recorded = 'shop';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '12' } } });
const stepMs = (Number(values.minutes) / 6) * 60_000;
const find = (name: string): string => {
  const found = peers.find((peer) => peer.name === name)?.find();
  if (found === undefined) throw new Error(`needs ${name}: npm run peers ${name}`);
  return found;
};
const [programs, collector] = [find('kubernetes'), find('collector-0.149')];

const stackFile = join(import.meta.dirname, 'cluster.yaml');
const rendered = await renderFile(stackFile, ['--only', 'agents']);
const { host, port } = gatewayOf(rendered, workload);
const gatewayIp = loopbackAddress();
const recorder = await startRecorder({ host: gatewayIp, port });
const cluster = await startControlPlane({ programs, nodes: 2 });
const { mustKubectl } = cluster;
await mustKubectl(['apply', '--server-side', '-f', '-'], rendered.stream);
const pod = await startAgentPod({
  ...{ collector, cluster, rendered, workload, namespace, podName: 'shop-cluster-agent-1' },
  hosts: { [host]: gatewayIp },
});
try {
  await podReady(pod, readyPort);
  process.stderr.write(`recording for ${values.minutes} minutes\n`);
  const inShop = (...words: readonly string[]): Promise<string> =>
    mustKubectl([...words, '-n', recorded]);
  const steps: readonly (() => Promise<unknown>)[] = [
    () => mustKubectl(['apply', '--server-side', '-f', '-'], workloads()),
    () => inShop('set', 'image', 'deployment/checkout', 'main=registry.example/checkout:1.5.0'),
    () => inShop('scale', 'deployment/checkout', '--replicas', '5'),
    () => inShop('set', 'image', 'statefulset/orders-db', 'main=registry.example/postgres:18.1'),
    () => inShop('set', 'image', 'daemonset/log-router', 'main=registry.example/router:2.1.0'),
    () => inShop('set', 'image', 'deployment/checkout', 'main=registry.example/checkout:1.4.2'),
  ];
  for (const step of steps) {
    await step();
    await pause(stepMs);
  }
} finally {
  await recorder.finish(join(import.meta.dirname, 'cluster.rec'));
  await pod.program.remove();
  await cluster.stop();
}

function workloads(): string {
  const images = {
    checkout: 'registry.example/checkout:1.4.2',
    'orders-db': 'registry.example/postgres:18.0',
    'log-router': 'registry.example/router:2.0.0',
  };
  const workloadOf = (kind: string, name: keyof typeof images, more: object) => {
    const labels = { app: name };
    const template = {
      metadata: { labels },
      spec: { containers: [{ name: 'main', image: images[name] }] },
    };
    const spec = { ...more, selector: { matchLabels: labels }, template };
    return { apiVersion: 'apps/v1', kind, metadata: { name, namespace: recorded }, spec };
  };
  const objects = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: recorded } },
    workloadOf('Deployment', 'checkout', { replicas: 3 }),
    workloadOf('StatefulSet', 'orders-db', { replicas: 2, serviceName: 'orders-db' }),
    workloadOf('DaemonSet', 'log-router', {}),
  ];
  return objects.map((object) => JSON.stringify(object)).join('\n---\n');
}
