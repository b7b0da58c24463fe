/**
 * What the cluster has, and what it would have: asked of kubectl, so that kubeconfig, contexts and
 * logins are the user's own. Nothing is changed: the apply is a dry run on the server, which fills
 * in defaults exactly as a real one would.
 */
import { execFile } from 'node:child_process';
import type { JsonObject } from '../../../core/json.ts';
import { Problem } from '../../../core/problem.ts';
import { idOf, isJsonObject, type Manifest, parseManifests } from './manifest.ts';

export type Kubectl = {
  /** Name or path of the program. */
  readonly program: string;
  /** For example `--context prod`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
};

export type LiveSets = {
  readonly before: readonly Manifest[];
  readonly after: readonly Manifest[];
  /** Refusals of the API server, by object. */
  readonly refusals: ReadonlyMap<string, string>;
};

/** Answers of the API server beyond this are an error, not a reason to run out of memory. */
const answerBytesMax = 256 * 1024 * 1024;

/** Kinds looked through for objects of the stack that are not rendered any more. */
const ownKinds =
  'namespaces,serviceaccounts,clusterroles,clusterrolebindings,roles,rolebindings,configmaps,' +
  'services,networkpolicies,poddisruptionbudgets,statefulsets,deployments,daemonsets,' +
  'horizontalpodautoscalers';

/** Written by the server, never by us. */
const serverFields = ['managedFields', 'resourceVersion', 'uid', 'generation', 'creationTimestamp'];

export async function readLive(
  rendered: readonly Manifest[],
  stack: string,
  kubectl: Kubectl,
): Promise<LiveSets> {
  const current = await getAll(rendered, kubectl);
  const own = await getOwn(stack, kubectl);
  const before = new Map([...own, ...current].map((object) => [idOf(object), cleaned(object)]));
  const refusals = new Map<string, string>();
  // What does not exist yet is an addition as a whole; its namespace may not exist either.
  const existing = rendered.filter((object) => before.has(idOf(object)));
  const answers = await applyAll(existing, before, refusals, kubectl);
  const after = rendered.map((object) => answers.get(idOf(object)) ?? object);
  return { before: [...before.values()], after, refusals };
}

/** All at once where the server takes all; else by halves, until each refusal has its object. */
async function applyAll(
  objects: readonly Manifest[],
  before: ReadonlyMap<string, Manifest>,
  refusals: Map<string, string>,
  kubectl: Kubectl,
): Promise<ReadonlyMap<string, Manifest>> {
  const [first] = objects;
  if (first === undefined) return new Map();
  const { stdout, stderr, code } = await run(kubectl, dryRun, toStream(objects));
  if (code === 0) {
    const answers = parseManifests(stdout, 'kubectl apply').map(cleaned);
    return new Map(answers.map((object) => [idOf(object), object]));
  }
  const id = idOf(first);
  if (objects.length === 1) {
    refusals.set(id, stderr.trim().split('\n').at(-1) ?? '');
    // What would be, had the server not refused: our fields over the live ones.
    return new Map([[id, overlaid(before.get(id) ?? first, first) as Manifest]]);
  }
  const middle = Math.ceil(objects.length / 2);
  const left = await applyAll(objects.slice(0, middle), before, refusals, kubectl);
  const right = await applyAll(objects.slice(middle), before, refusals, kubectl);
  return new Map([...left, ...right]);
}

const dryRun = [
  'apply',
  '--server-side',
  '--force-conflicts',
  '--dry-run=server',
  '-f',
  '-',
  '-o',
  'json',
];

/** The objects of `rendered` that exist. */
async function getAll(rendered: readonly Manifest[], kubectl: Kubectl): Promise<Manifest[]> {
  const args = ['get', '-f', '-', '--ignore-not-found', '-o', 'json'];
  const { stdout, stderr, code } = await run(kubectl, args, toStream(rendered));
  if (code !== 0) throw failed(stderr);
  return stdout.trim() === '' ? [] : parseManifests(stdout, 'kubectl get');
}

async function getOwn(stack: string, kubectl: Kubectl): Promise<Manifest[]> {
  const labels = `app.kubernetes.io/part-of=${stack},app.kubernetes.io/managed-by=obsctl`;
  const args = ['get', ownKinds, '-A', '-l', labels, '--ignore-not-found', '-o', 'json'];
  const { stdout, stderr, code } = await run(kubectl, args);
  if (code !== 0) throw failed(stderr);
  return stdout.trim() === '' ? [] : parseManifests(stdout, 'kubectl get');
}

function overlaid(live: JsonObject, ours: JsonObject): JsonObject {
  const merged: Record<string, JsonObject[string]> = { ...live };
  for (const [key, value] of Object.entries(ours)) {
    const old = live[key];
    merged[key] = isJsonObject(value) && isJsonObject(old) ? overlaid(old, value) : value;
  }
  return merged;
}

function cleaned(object: Manifest): Manifest {
  const { status: _, ...rest } = object;
  const metadata = Object.fromEntries(
    Object.entries(object.metadata).filter(([key]) => !serverFields.includes(key)),
  );
  return { ...rest, metadata } as Manifest;
}

function toStream(objects: readonly Manifest[]): string {
  return objects.map((object) => `---\n${JSON.stringify(object)}\n`).join('');
}

type Ended = { readonly stdout: string; readonly stderr: string; readonly code: number };

function run(kubectl: Kubectl, args: readonly string[], input = ''): Promise<Ended> {
  const { promise, resolve, reject } = Promise.withResolvers<Ended>();
  const child = execFile(
    kubectl.program,
    [...kubectl.args, ...args],
    { env: kubectl.env, signal: kubectl.signal, maxBuffer: answerBytesMax },
    (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr, code: 0 });
      else if (typeof error.code === 'number') resolve({ stdout, stderr, code: error.code });
      else reject(failed(error.message));
    },
  );
  // A kubectl that ends early closes the pipe; its own words say why.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  return promise;
}

function failed(text: string): Problem {
  const lines = text.trim().split('\n');
  // Its log of single tries comes first, what they mean to a person last.
  const meant = lines.findLast((line) => !/^[EWI]\d{4} /.test(line)) ?? lines.at(-1) ?? '';
  return new Problem('OBS-1404', meant, { where: 'kubectl', reach: 'outside' });
}
