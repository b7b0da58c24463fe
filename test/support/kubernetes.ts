/**
 * A real Kubernetes control plane for tests, without containers: etcd, API server with RBAC and
 * Pod Security, controller manager, scheduler, and nodes that kwok plays (their pods become ready
 * and their Jobs end, and no container is ever started). Free loopback ports, a temporary
 * directory, nothing left after `stop`. About 12 s to start: once per test file.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../core/json.ts';
import { freePorts } from './free-ports.ts';
import { type Parts, startParts } from './kubernetes-parts.ts';

export type ControlPlaneOptions = {
  /** Folder of the programs: what the peer `kubernetes` finds. */
  readonly programs: string;
  /** Nodes that kwok plays, `node-1` and so on; 2 by default. */
  readonly nodes?: number;
  /** Volumes of 1 TiB that claims are bound to, because nothing here makes any; 0 by default. */
  readonly volumes?: number;
  /** False: only etcd and the API server, so that nothing happens to what is applied. */
  readonly controllers?: boolean;
  /** Of the API server, for example `WatchList=false`. */
  readonly featureGates?: string;
};

type Kubectl = {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
};

type Answer = { readonly status: number; readonly body: JsonObject };

export type ControlPlane = {
  /** `https://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  /** Its certificate is its own authority. */
  readonly caFile: string;
  /** Of a user in `system:masters`. */
  readonly kubeconfig: string;
  /** Of that user, for the other parts too. */
  readonly adminToken: string;
  /** Of the other parts on 127.0.0.1; etcd speaks plain HTTP. */
  readonly ports: Readonly<Record<'etcd' | 'controllerManager' | 'scheduler', number>>;
  /** Temporary, removed by `stop`. */
  readonly dir: string;
  /** Runs kubectl to its end, as the administrator. */
  readonly kubectl: (args: readonly string[], stdin?: string) => Promise<Kubectl>;
  /** The same, and fails unless kubectl ended with 0; gives stdout. */
  readonly mustKubectl: (args: readonly string[], stdin?: string) => Promise<string>;
  /** One HTTP request to the API server, much cheaper than kubectl. */
  readonly ask: (
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: JsonObject,
    token?: string,
  ) => Promise<Answer>;
  /** A token as a pod of that service account would find it mounted. */
  readonly tokenOf: (namespace: string, serviceAccount: string) => Promise<string>;
  readonly stop: () => Promise<void>;
};

const nodesWaitMs = 60_000;
const connectionsMax = 16;

export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const dir = await mkdtemp(join(tmpdir(), 'obsctl-kubernetes-'));
  const adminToken = randomBytes(16).toString('hex');
  const [port = 0, ...ports] = await freePorts(6);
  const [etcd = 0, , controllerManager = 0, scheduler = 0] = ports;
  const url = `https://127.0.0.1:${port}`;
  const caFile = join(dir, 'apiserver', 'apiserver.crt');
  const kubeconfig = join(dir, 'kubeconfig');
  await mkdir(join(dir, 'apiserver'));
  await writeFile(kubeconfig, kubeconfigText(url, caFile, adminToken), { mode: 0o600 });
  let parts: Parts | undefined;
  const closing: (() => void)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closing) close();
    await parts?.stop();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const { programs, featureGates } = options;
    const controllers = options.controllers ?? true;
    const own = { dir, port, ports, kubeconfig, adminToken };
    parts = await startParts({ programs, featureGates, controllers, ...own });
    const ca = await readFile(caFile, 'utf8');
    const kubectl: ControlPlane['kubectl'] = (args, stdin) =>
      run(join(programs, 'kubectl'), ['--kubeconfig', kubeconfig, ...args], dir, stdin);
    const mustKubectl: ControlPlane['mustKubectl'] = async (args, stdin) => {
      const { code, stdout, stderr } = await kubectl(args, stdin);
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}\n${stderr}`);
      return stdout;
    };
    const connections = new Agent({ ca, keepAlive: true, maxSockets: connectionsMax });
    closing.push(() => connections.destroy());
    const ask: ControlPlane['ask'] = (method, path, body, token = adminToken) =>
      send({ url: `${url}${path}`, method, agent: connections, token }, body);
    const tokenOf: ControlPlane['tokenOf'] = async (namespace, name) => {
      const target = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
      const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
      const { status, body } = await ask('POST', target, request);
      if (status !== 201) throw new Error(`no token of ${namespace}/${name}: ${status}`);
      return (body['status'] as { token: string }).token;
    };
    await furnish(mustKubectl, controllers ? (options.nodes ?? 2) : 0, options.volumes ?? 0);
    return {
      ...{ url, port, caFile, kubeconfig, dir, adminToken },
      ports: { etcd, controllerManager, scheduler },
      ...{ kubectl, mustKubectl, ask, tokenOf, stop },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Nodes and volumes, which on a real cluster the kubelets and a storage driver bring. */
async function furnish(
  kubectl: ControlPlane['mustKubectl'],
  nodes: number,
  volumes: number,
): Promise<void> {
  const items: JsonObject[] = [];
  for (let index = 1; index <= nodes; index += 1) items.push(node(`node-${index}`));
  for (let index = 1; index <= volumes; index += 1) items.push(volume(`volume-${index}`));
  if (volumes > 0) items.push(defaultStorageClass);
  if (items.length === 0) return;
  const list = { apiVersion: 'v1', kind: 'List', items };
  await kubectl(['create', '-f', '-'], JSON.stringify(list));
  if (nodes === 0) return;
  const timeout = `--timeout=${nodesWaitMs}ms`;
  await kubectl(['wait', '--for=condition=Ready', 'node', '--all', timeout]);
}

function node(name: string): JsonObject {
  const capacity = { cpu: '64', memory: '256Gi', pods: '110' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      annotations: { 'kwok.x-k8s.io/node': 'fake', 'node.alpha.kubernetes.io/ttl': '0' },
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'topology.kubernetes.io/zone': `zone-${name}`,
      },
    },
    status: { allocatable: capacity, capacity },
  };
}

const defaultStorageClass: JsonObject = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: {
    name: 'at-hand',
    annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
  },
  provisioner: 'kubernetes.io/no-provisioner',
  reclaimPolicy: 'Delete',
};

function volume(name: string): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Ti' },
      hostPath: { path: `/nowhere/${name}` },
      storageClassName: 'at-hand',
    },
  };
}

function kubeconfigText(server: string, caFile: string, token: string): string {
  const cluster = { server, 'certificate-authority': caFile };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  });
}

async function run(
  program: string,
  args: readonly string[],
  home: string,
  stdin = '',
): Promise<Kubectl> {
  // HOME, because kubectl keeps what it learned of the API there.
  const env = { PATH: process.env['PATH'] ?? '', HOME: home };
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // It may end without having read its input; the exit code says so.
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
}

type Target = {
  readonly url: string;
  readonly method: string;
  readonly agent: Agent;
  readonly token: string;
};

async function send(target: Target, body?: JsonObject): Promise<Answer> {
  const { url, method, agent, token } = target;
  const patch = method === 'PATCH';
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': patch ? 'application/merge-patch+json' : 'application/json',
  };
  return await new Promise((resolve, reject) => {
    const sent = request(url, { method, agent, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.once('error', reject);
      answer.once('end', () => {
        const json = text.startsWith('{') ? JSON.parse(text) : { text };
        resolve({ status: answer.statusCode ?? 0, body: json });
      });
    });
    sent.once('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
