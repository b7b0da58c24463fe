/** The processes of a control plane (kubernetes.ts), in the order in which they need each other. */
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { createWriteStream, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';

export type PartsOptions = {
  readonly programs: string;
  readonly dir: string;
  /** Of the API server. */
  readonly port: number;
  /** Five more free ones. */
  readonly ports: readonly number[];
  readonly kubeconfig: string;
  readonly adminToken: string;
  readonly featureGates: string | undefined;
  /** Whether anything but etcd and the API server is started. */
  readonly controllers: boolean;
};

export type Parts = { readonly stop: () => Promise<void> };

const readyPollMs = 100;
const readyPollsMax = 900;
const logTail = 3000;

export async function startParts(options: PartsOptions): Promise<Parts> {
  const { programs, dir, port, ports, adminToken } = options;
  const [etcdPort, etcdPeerPort] = ports;
  const children: ChildProcess[] = [];
  const killAll = (): void => {
    for (const child of children) child.kill('SIGKILL');
  };
  // Should the test's process end without `stop`, these would live on.
  process.once('exit', killAll);
  const start = (name: string, args: readonly string[]): ChildProcess => {
    const child = spawn(join(programs, name), args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(join(dir, `${name}.log`));
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    children.push(child);
    return child;
  };
  const stop = async (): Promise<void> => {
    const gone = children.map(
      (child) =>
        new Promise<void>((resolve) => {
          if (child.exitCode !== null || child.signalCode !== null) resolve();
          child.once('close', () => resolve());
        }),
    );
    killAll();
    await Promise.all(gone);
    process.removeListener('exit', killAll);
  };
  try {
    await writeIdentities(dir, adminToken);
    const etcd = `http://127.0.0.1:${etcdPort}`;
    start('etcd', etcdArgs(dir, etcd, `http://127.0.0.1:${etcdPeerPort}`));
    const gates = options.featureGates;
    const server = start('kube-apiserver', [
      ...serverArgs(dir, etcd, port),
      ...(gates === undefined ? [] : [`--feature-gates=${gates}`]),
    ]);
    await serverReady(server, options);
    if (options.controllers) {
      startControllers(start, options);
      await until('the default service account', () =>
        succeeds(options, '/api/v1/namespaces/default/serviceaccounts/default'),
      );
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

type Start = (name: string, args: readonly string[]) => ChildProcess;

/** What acts on objects: controllers, the scheduler, and kwok in the place of kubelets. */
function startControllers(start: Start, options: PartsOptions): void {
  const { dir, kubeconfig, ports } = options;
  const [, , managerPort, schedulerPort, kwokPort] = ports;
  const asAdmin = [`--kubeconfig=${kubeconfig}`];
  const guarded = [
    ...asAdmin,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    '--bind-address=127.0.0.1',
    '--leader-elect=false',
  ];
  start('kube-controller-manager', [
    ...guarded,
    `--secure-port=${managerPort}`,
    `--cert-dir=${dir}/controller-manager`,
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${dir}/sa.key`,
    `--root-ca-file=${dir}/apiserver/apiserver.crt`,
  ]);
  start('kube-scheduler', [
    ...guarded,
    `--secure-port=${schedulerPort}`,
    `--cert-dir=${dir}/scheduler`,
  ]);
  start('kwok', [
    ...asAdmin,
    '--manage-all-nodes=true',
    '--node-ip=127.0.0.1',
    '--cidr=10.244.0.0/16',
    '--node-lease-duration-seconds=40',
    `--server-address=127.0.0.1:${kwokPort}`,
  ]);
}

async function writeIdentities(dir: string, adminToken: string): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  await writeFile(join(dir, 'sa.key'), privateKey, { mode: 0o600 });
  await writeFile(join(dir, 'sa.pub'), publicKey);
  const tokens = `${adminToken},admin,1,"system:masters"\n`;
  await writeFile(join(dir, 'tokens.csv'), tokens, { mode: 0o600 });
}

function etcdArgs(dir: string, client: string, peer: string): readonly string[] {
  return [
    '--name=test',
    `--data-dir=${dir}/etcd`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=test=${peer}`,
    // Nothing here outlives the test.
    '--unsafe-no-fsync',
  ];
}

function serverArgs(dir: string, etcd: string, port: number): readonly string[] {
  return [
    `--etcd-servers=${etcd}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${dir}/apiserver`,
    // Keeps it off the address of this machine.
    '--endpoint-reconciler-type=none',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${dir}/sa.pub`,
    `--service-account-signing-key-file=${dir}/sa.key`,
    `--token-auth-file=${dir}/tokens.csv`,
    '--authorization-mode=RBAC',
    '--allow-privileged=true',
    '--service-cluster-ip-range=10.0.0.0/24',
  ];
}

async function serverReady(server: ChildProcess, options: PartsOptions): Promise<void> {
  try {
    await until('the API server', async () => {
      if (server.exitCode !== null) throw new Error('the API server ended');
      return await succeeds(options, '/readyz');
    });
  } catch (error) {
    const log = readFileSync(join(options.dir, 'kube-apiserver.log'), 'utf8');
    throw new Error(`${String(error)}\n${log.slice(-logTail)}`, { cause: error });
  }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let poll = 0; poll < readyPollsMax; poll += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, readyPollMs));
  }
  throw new Error(`${what} was not ready after ${(readyPollMs * readyPollsMax) / 1000} s`);
}

async function succeeds(options: PartsOptions, path: string): Promise<boolean> {
  let ca: string;
  try {
    ca = await readFile(join(options.dir, 'apiserver', 'apiserver.crt'), 'utf8');
  } catch {
    return false;
  }
  const headers = { authorization: `Bearer ${options.adminToken}` };
  return await new Promise((resolve) => {
    const url = `https://127.0.0.1:${options.port}${path}`;
    const sent = request(url, { ca, headers }, (answer) => {
      answer.resume().once('close', () => resolve(answer.statusCode === 200));
    });
    sent.once('error', () => resolve(false));
    sent.end();
  });
}
