/** What tests of the reflector share: its steps as they come, and a way to it that can be cut. */
import { writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { systemClock } from '../../core/clock.ts';
import type { Api } from '../../jobs/metadata/kubernetes/api.ts';
import {
  type Kind,
  type ReflectOptions,
  reflect,
  type Step,
} from '../../jobs/metadata/kubernetes/reflector.ts';
import type { ControlPlane } from '../support/kubernetes.ts';

export type Following = {
  readonly steps: readonly Step[];
  /** Waits until the steps are as asked for, and fails after half a minute with what there is. */
  readonly until: (holds: (steps: readonly Step[]) => boolean) => Promise<void>;
  readonly stop: () => Promise<void>;
};

const untilMsMax = 30_000;
const pollMs = 20;

export type FollowOptions = Partial<ReflectOptions> & {
  /** How long each step is worked on; not at all by default. */
  readonly workMs?: number;
};

export function follow(api: Api, kind: Kind, options: FollowOptions = {}): Following {
  const steps: Step[] = [];
  const controller = new AbortController();
  const { signal } = controller;
  const all = { clock: systemClock, random: Math.random, ...options, signal };
  const running = (async () => {
    for await (const step of reflect(api, kind, all)) {
      steps.push(step);
      if (options.workMs !== undefined) await setTimeout(options.workMs);
    }
  })();
  const until: Following['until'] = async (holds) => {
    const endMs = performance.now() + untilMsMax;
    while (!holds(steps)) {
      if (performance.now() > endMs) {
        controller.abort();
        throw new Error(`not as asked for: ${JSON.stringify(steps.map(brief))}`);
      }
      await setTimeout(pollMs);
    }
  };
  const stop = async (): Promise<void> => {
    controller.abort();
    await running;
  };
  return { steps, until, stop };
}

/** `changed a 17`, `list-ended 12`: enough to see what happened. */
export function brief(step: Step): string {
  if (step.type === 'objects') {
    return `objects ${step.objects.map(({ metadata }) => metadata.name).join(' ')}`;
  }
  if (step.type === 'changed' || step.type === 'gone') {
    const { name, resourceVersion } = step.object.metadata;
    return `${step.type} ${name} ${resourceVersion}`;
  }
  if ('resourceVersion' in step) return `${step.type} ${step.resourceVersion}`;
  return 'message' in step ? `${step.type} ${step.message}` : step.type;
}

/** A kubeconfig in the control plane's own folder. */
export function writeKubeconfig(
  { dir, caFile }: ControlPlane,
  { server, token }: { readonly server: string; readonly token: string },
): string {
  const file = join(dir, `kubeconfig-${Math.random().toString(36).slice(2)}`);
  const cluster = { server, 'certificate-authority': caFile };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'someone', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'someone' } }],
    'current-context': 'test',
  };
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

export type CuttingProxy = {
  readonly port: number;
  /** Connections that are open now. */
  readonly open: () => number;
  /** Ends each of them, in the middle of whatever it carries; gives how many. */
  readonly cut: () => number;
  readonly stop: () => void;
};

/** Passes bytes through as they are, TLS and all. */
export async function startCuttingProxy(port: number): Promise<CuttingProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    const pair = [near, far] as const;
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of pair) socket.once('close', end).on('error', end);
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const cut = (): number => {
    const all = [...pairs];
    for (const [near, far] of all) {
      near.resetAndDestroy();
      far.destroy();
    }
    return all.length;
  };
  const stop = (): void => {
    cut();
    server.close();
  };
  const own = typeof address === 'object' && address !== null ? address.port : 0;
  return { port: own, open: () => pairs.size, cut, stop };
}
