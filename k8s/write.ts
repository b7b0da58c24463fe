/** Objects as one YAML stream: the same objects give the same bytes. */
import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import type { KubernetesObject, StringMap } from './objects.ts';

/** One document an object, in the order given. */
export function writeStream(objects: readonly KubernetesObject[]): string {
  return objects.map((object) => `---\n${writeObject(object)}`).join('');
}

/**
 * `yaml-1.1` quotes `on`, `yes`, `0o7` and the like, because kubectl reads YAML 1.1; without
 * aliases, because two equal parts of an object are two parts.
 */
export function writeObject(object: KubernetesObject): string {
  return stringify(object, {
    lineWidth: 0,
    aliasDuplicateObjects: false,
    compat: 'yaml-1.1',
  });
}

/** Digits of the hash that are enough to tell two configurations apart. */
const hashDigits = 16;

/** Annotation of a pod template that changes when a mounted file does, so that pods roll. */
export function configHash(files: StringMap): StringMap {
  const hash = createHash('sha256');
  for (const name of Object.keys(files).sort()) {
    hash.update(`${name}\0${files[name]}\0`);
  }
  return { 'obsctl.dev/config-hash': hash.digest('hex').slice(0, hashDigits) };
}
