/** Kubernetes objects as they are read back: from a YAML stream, a folder of files, a cluster. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { JsonObject, JsonValue } from '../../../core/json.ts';
import { Problem } from '../../../core/problem.ts';

/** An object of any kind; only what identifies it is certain. */
export type Manifest = JsonObject & {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: JsonObject & { readonly name: string; readonly namespace?: string };
};

/** `StatefulSet observability/shop-gateway`: one object, whatever the version of its API. */
export function idOf({ kind, metadata }: Manifest): string {
  const { namespace, name } = metadata;
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at `path`, or undefined where the way there ends. */
export function valueAt(value: JsonValue | undefined, ...path: readonly string[]): unknown {
  let at: unknown = value;
  for (const key of path) {
    if (!isJsonObject(at)) return undefined;
    at = at[key];
  }
  return at;
}

/** Every object of a YAML stream; a `List` is opened. */
export function parseManifests(text: string, where: string): Manifest[] {
  const found: Manifest[] = [];
  for (const document of parseAllDocuments(text)) {
    const [error] = document.errors;
    if (error !== undefined) {
      throw new Problem('OBS-1403', `not YAML: ${error.message.split('\n')[0]}`, { where });
    }
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    if (value !== null && value !== undefined) found.push(...opened(value, where));
  }
  return found;
}

/** Every object of the YAML files below `folder`, in the order of their names. */
export async function readManifests(folder: string): Promise<Manifest[]> {
  const names = await readdir(folder, { recursive: true }).catch((error: unknown) => {
    throw new Problem('OBS-1403', Error.isError(error) ? error.message : String(error), {
      where: folder,
      cause: error,
    });
  });
  const found: Manifest[] = [];
  for (const name of names.filter((path) => /\.ya?ml$/.test(path)).sort()) {
    const file = join(folder, name);
    found.push(...parseManifests(await readFile(file, 'utf8'), file));
  }
  return found;
}

function opened(value: unknown, where: string): Manifest[] {
  if (isJsonObject(value) && value['kind'] === 'List' && Array.isArray(value['items'])) {
    return value['items'].flatMap((item: unknown) => opened(item, where));
  }
  if (isManifest(value)) return [value];
  throw new Problem('OBS-1403', 'a document is not a Kubernetes object: it needs kind and name', {
    where,
  });
}

function isManifest(value: unknown): value is Manifest {
  if (!isJsonObject(value) || typeof value['kind'] !== 'string') return false;
  if (typeof value['apiVersion'] !== 'string') return false;
  return isJsonObject(value['metadata']) && typeof value['metadata']['name'] === 'string';
}
