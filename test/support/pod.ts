/**
 * The container of a rendered workload, as the options of `startContained`: its arguments,
 * environment, files, writable directories and user, taken from the objects as a kubelet takes
 * them. What only a node can give (its files, the pod's address, secrets) is passed in.
 */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import type {
  Container,
  ContainerEnv,
  KubernetesObject,
  PodTemplate,
  Volume,
  VolumeMount,
} from '../../k8s/objects.ts';
import { isWorkload, templateOf } from '../../k8s/objects.ts';
import type { ContainedOptions } from './contained.ts';

export type PodPlace = {
  /** All that was rendered; ConfigMaps are looked up here. */
  readonly objects: readonly KubernetesObject[];
  readonly namespace: string;
  readonly podName: string;
  /** A loopback address of its own, so that several pods can listen on the same ports. */
  readonly podIp: string;
  readonly nodeName?: string;
  readonly hosts?: Readonly<Record<string, string>>;
  /** Values of secrets by name and key. */
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Folders outside that stand for claims, empty directories and host paths, by volume name. */
  readonly folders?: Readonly<Record<string, string>>;
  /** What the image starts when the container names no command. */
  readonly entrypoint: readonly string[];
  /** Programs outside that stand for the image's, by their path inside. */
  readonly programs?: Readonly<Record<string, string>>;
  /** A root file system, where the image is at hand. */
  readonly root?: string;
  /** The API server and the token of the pod's service account. */
  readonly cluster?: { readonly port: number; readonly ca: string; readonly token: string };
  readonly env?: Readonly<Record<string, string>>;
};

const accountDir = '/var/run/secrets/kubernetes.io/serviceaccount';

/** By name, or by a pattern where the name ends in a hash. */
export function podTemplateOf(
  objects: readonly KubernetesObject[],
  name: string | RegExp,
): PodTemplate {
  const found = objects
    .filter(isWorkload)
    .find(({ metadata }) =>
      typeof name === 'string' ? metadata.name === name : name.test(metadata.name),
    );
  if (found === undefined) throw new Error(`no workload ${name} was rendered`);
  return templateOf(found);
}

/** An address that nobody else listens on; all of 127.0.0.0/8 is this machine on Linux. */
export function loopbackAddress(): string {
  return `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(2, 255)}`;
}

export function containedOf(template: PodTemplate, place: PodPlace): ContainedOptions {
  const [container, more] = template.spec.containers;
  if (container === undefined || more !== undefined) throw new Error('not exactly one container');
  const pod = template.spec.securityContext ?? {};
  const own = container.securityContext ?? {};
  const uid = own.runAsUser ?? pod.runAsUser ?? 10001;
  const env = { ...environmentOf(container.env ?? [], place), ...place.env };
  const mounts = mountsOf(container, template.spec.volumes ?? [], place);
  const account = accountOf(place);
  return {
    ...(place.root !== undefined && { root: place.root }),
    ...(place.programs !== undefined && { programs: place.programs }),
    capabilities: own.capabilities?.add ?? [],
    command: [
      ...(container.command ?? place.entrypoint),
      ...(container.args ?? []).map((word) => expanded(word, env)),
    ],
    env: { ...account.env, ...env },
    files: { ...account.files, ...mounts.files },
    writable: mounts.writable,
    readable: mounts.readable,
    uid,
    gid: own.runAsGroup ?? pod.runAsGroup ?? uid,
    ...(place.hosts !== undefined && { hosts: place.hosts }),
  };
}

function environmentOf(
  variables: readonly ContainerEnv[],
  place: PodPlace,
): Readonly<Record<string, string>> {
  const env: Record<string, string> = {};
  for (const { name, value, valueFrom } of variables) {
    const path = valueFrom?.fieldRef?.fieldPath;
    const key = valueFrom?.secretKeyRef;
    if (value !== undefined) env[name] = expanded(value, env);
    else if (path !== undefined) env[name] = fieldOf(path, place);
    else if (key !== undefined) env[name] = secretOf(key.name, key.key, place);
  }
  return env;
}

function fieldOf(path: string, place: PodPlace): string {
  const fields: Readonly<Record<string, string>> = {
    'metadata.name': place.podName,
    'metadata.namespace': place.namespace,
    'metadata.uid': '00000000-0000-4000-8000-000000000001',
    'spec.nodeName': place.nodeName ?? 'node-1',
    'status.podIP': place.podIp,
    'status.hostIP': place.podIp,
    // Kubernetes labels the pods of a StatefulSet with the number at the end of their names.
    "metadata.labels['apps.kubernetes.io/pod-index']": /\d+$/.exec(place.podName)?.[0] ?? '',
  };
  const value = fields[path];
  if (value === undefined) throw new Error(`no value for the field ${path}`);
  return value;
}

function secretOf(name: string, key: string, place: PodPlace): string {
  const value = place.secrets?.[name]?.[key];
  if (value === undefined) throw new Error(`no secret ${name} with the key ${key}`);
  return value;
}

/** `$(NAME)` in arguments and values, as the kubelet replaces it. */
function expanded(word: string, env: Readonly<Record<string, string>>): string {
  return word.replaceAll(/\$\(([\w.-]+)\)/g, (whole, name: string) => env[name] ?? whole);
}

type Mounts = {
  readonly files: Record<string, string>;
  readonly writable: Record<string, string | undefined>;
  readonly readable: Record<string, string>;
};

function mountsOf(container: Container, volumes: readonly Volume[], place: PodPlace): Mounts {
  const mounts: Mounts = { files: {}, writable: {}, readable: {} };
  for (const mount of container.volumeMounts ?? []) {
    // One that the template does not have is a claim; the API server checks that it is there.
    const volume = volumes.find(({ name }) => name === mount.name);
    const data = volume === undefined ? undefined : dataOf(volume, place);
    if (data !== undefined) addFiles(mounts.files, mount, data);
    else if (mount.readOnly === true) addReadable(mounts.readable, mount, place);
    else mounts.writable[mount.mountPath] = place.folders?.[mount.name];
  }
  return mounts;
}

function dataOf(volume: Volume, place: PodPlace): Readonly<Record<string, string>> | undefined {
  if (volume.secret !== undefined) return place.secrets?.[volume.secret.secretName] ?? {};
  if (volume.configMap === undefined) return undefined;
  const { name } = volume.configMap;
  const found = place.objects.find(
    (object) =>
      object.kind === 'ConfigMap' &&
      object.metadata.name === name &&
      object.metadata.namespace === place.namespace,
  );
  if (found?.kind !== 'ConfigMap') throw new Error(`no ConfigMap ${name} was rendered`);
  return found.data;
}

function addFiles(
  files: Record<string, string>,
  mount: VolumeMount,
  data: Readonly<Record<string, string>>,
): void {
  if (mount.subPath !== undefined) {
    files[mount.mountPath] = data[mount.subPath] ?? '';
    return;
  }
  for (const [name, text] of Object.entries(data)) files[join(mount.mountPath, name)] = text;
}

/** A host path that the test gives no folder for is not there, as on a node without it. */
function addReadable(readable: Record<string, string>, mount: VolumeMount, place: PodPlace): void {
  const folder = place.folders?.[mount.name];
  if (folder !== undefined) readable[mount.mountPath] = folder;
}

function accountOf(place: PodPlace): Pick<Required<ContainedOptions>, 'env' | 'files'> {
  if (place.cluster === undefined) return { env: {}, files: {} };
  const { port, ca, token } = place.cluster;
  return {
    env: { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(port) },
    files: {
      [`${accountDir}/token`]: token,
      [`${accountDir}/ca.crt`]: ca,
      [`${accountDir}/namespace`]: place.namespace,
    },
  };
}
