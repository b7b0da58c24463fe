/**
 * The pod of a rendered agent, run for real beside the control plane: the Collector with the
 * rendered arguments, files, user and read-only root, behind its init containers, and the token of
 * its service account where a pod has it. (`auth_type: kubeConfig` would leave the rendered
 * configuration untried; a private mount namespace leaves nothing under `/var/run` of this
 * machine.) Pods share the machine's network, so each has a loopback address of its own, and the
 * gateway one for its Service's name.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type ContainedProgram, startContained } from '../support/contained.ts';
import type { ControlPlane } from '../support/kubernetes.ts';
import { containedOf, loopbackAddress, podTemplateOf } from '../support/pod.ts';
import type { Rendered } from '../support/rendered.ts';

export type AgentPod = {
  readonly program: ContainedProgram;
  readonly podIp: string;
};

export type AgentPodOptions = {
  /** The real Collector. */
  readonly collector: string;
  readonly cluster: ControlPlane;
  readonly rendered: Rendered;
  /** Name of the workload, which is the name of its service account. */
  readonly workload: string;
  readonly namespace: string;
  readonly podName: string;
  readonly hosts?: Readonly<Record<string, string>>;
  /** `node-1` when absent. */
  readonly nodeName?: string;
  /** Folders that stand for host paths, by volume name. */
  readonly folders?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Another account than the workload's. */
  readonly account?: string;
};

const readyPollMs = 100;
const readyPollsMax = 300;

export async function startAgentPod(options: AgentPodOptions): Promise<AgentPod> {
  const { cluster, rendered, namespace } = options;
  const podIp = loopbackAddress();
  const token = await cluster.tokenOf(namespace, options.account ?? options.workload);
  const template = podTemplateOf(rendered.objects, options.workload);
  const place = {
    objects: rendered.objects,
    namespace,
    podName: options.podName,
    podIp,
    ...(options.nodeName !== undefined && { nodeName: options.nodeName }),
    hosts: options.hosts ?? {},
    folders: options.folders ?? {},
    secrets: options.secrets ?? {},
    entrypoint: ['/otelcol-contrib'],
    programs: { '/otelcol-contrib': options.collector },
    cluster: { port: cluster.port, ca: readFileSync(cluster.caFile, 'utf8'), token },
  };
  const { initContainers = [], ...spec } = template.spec;
  for (const init of initContainers) {
    const programs = { '/bin/chown': '/bin/chown' };
    const alone = { ...template, spec: { ...spec, containers: [init] } };
    const program = startContained(containedOf(alone, { ...place, programs }));
    const { code, stderr } = await program.ended;
    await program.remove();
    if (code !== 0) throw new Error(`the container ${init.name} ended with ${code}: ${stderr}`);
  }
  return { program: startContained(containedOf(template, place)), podIp };
}

/** Resolves when the probe of the rendered template succeeds. */
export async function podReady(pod: AgentPod, port: number): Promise<void> {
  for (let poll = 0; poll < readyPollsMax; poll += 1) {
    const answer = await fetch(`http://${pod.podIp}:${port}/`).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, readyPollMs));
  }
  throw new Error(`the pod did not become ready:\n${pod.program.talk()}`);
}

/** Where the rendered configuration sends to: name and port. */
export function gatewayOf(rendered: Rendered, workload: string): { host: string; port: number } {
  const found = rendered.objects.find(
    (object) => object.kind === 'ConfigMap' && object.metadata.name === workload,
  );
  const text = found?.kind === 'ConfigMap' ? (found.data['config.yaml'] ?? '') : '';
  const config: { exporters: Record<string, { endpoint: string }> } = parse(text);
  const { 'otlp_grpc/gateway': otlp, 'prometheusremotewrite/gateway': written } = config.exporters;
  const address = (otlp ?? written)?.endpoint.replace('http://', '').replace(/\/.*/, '');
  const [host = '', port = ''] = address?.split(':') ?? [];
  return { host, port: Number(port) };
}
