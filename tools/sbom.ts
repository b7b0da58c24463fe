/**
 * The bill of materials of the published package: a CycloneDX 1.5 document of everything that it
 * needs at run time, drawn from the lock file, so that the same lock gives the same bytes. (npm's
 * own `npm sbom --omit dev` leaves out what development needs, too: here 39 of 88.)
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

type LockedPackage = {
  readonly version: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly optional?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
};

/** `package-lock.json`, version 3: packages by their path below the root, which is ''. */
type Lock = { readonly packages: Readonly<Record<string, LockedPackage & { name?: string }>> };

type Component = {
  readonly type: 'library' | 'application';
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly scope?: 'required' | 'optional';
  readonly purl: string;
  readonly licenses?: readonly object[];
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
};

export type Bom = {
  readonly bomFormat: 'CycloneDX';
  readonly specVersion: '1.5';
  readonly version: 1;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
};

export function readLock(root: string): Lock {
  return JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
}

export function bomOf(lock: Lock): Bom {
  const root = lock.packages[''];
  if (root === undefined) throw new Error('the lock file has no root package');
  const reached = new Map<string, readonly string[]>();
  const waiting = [''];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path)) continue;
    const needed = neededBy(lock, path);
    reached.set(path, needed);
    waiting.push(...needed);
  }
  const refOf = (path: string): string => purl(nameOf(path, root.name), lock.packages[path]);
  const paths = [...reached.keys()].filter((path) => path !== '').sort();
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: component(root.name ?? '', root, 'application') },
    components: unique(
      paths.map((path) => component(nameOf(path), lock.packages[path], 'library')),
    ),
    dependencies: ['', ...paths].map((path) => ({
      ref: refOf(path),
      dependsOn: [...new Set((reached.get(path) ?? []).map(refOf))].sort(),
    })),
  };
}

/** Paths of what a package finds when it asks for its dependencies; what is absent is none. */
function neededBy(lock: Lock, path: string): readonly string[] {
  const entry = lock.packages[path];
  const peers = Object.keys(entry?.peerDependencies ?? {}).filter(
    (name) => entry?.peerDependenciesMeta?.[name]?.optional !== true,
  );
  const names = [
    ...Object.keys(entry?.dependencies ?? {}),
    ...Object.keys(entry?.optionalDependencies ?? {}),
    ...peers,
  ];
  return names.flatMap((name) => resolve(lock, path, name) ?? []);
}

/** As Node looks for modules: in the package's own folder, then in each folder above. */
function resolve(lock: Lock, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    const path = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    if (lock.packages[path] !== undefined) return path;
    if (folder === '') return undefined;
  }
}

function nameOf(path: string, rootName = ''): string {
  return path === '' ? rootName : path.slice(path.lastIndexOf('node_modules/') + 13);
}

function component(
  name: string,
  entry: LockedPackage | undefined,
  type: Component['type'],
): Component {
  const { version = '', license, integrity, optional } = entry ?? {};
  const hashes = /^sha512-(.+)$/.exec(integrity ?? '');
  return {
    type,
    'bom-ref': purl(name, entry),
    name,
    version,
    ...(type === 'library' && { scope: optional === true ? 'optional' : 'required' }),
    purl: purl(name, entry),
    ...(license !== undefined && { licenses: [licenseOf(license)] }),
    ...(hashes?.[1] !== undefined && {
      hashes: [{ alg: 'SHA-512', content: Buffer.from(hashes[1], 'base64').toString('hex') }],
    }),
  };
}

/** `(MIT OR GPL-3.0)` is an expression, `MIT` an identifier. */
function licenseOf(license: string): object {
  return /\s/.test(license) ? { expression: license } : { license: { id: license } };
}

function purl(name: string, entry: LockedPackage | undefined): string {
  return `pkg:npm/${name.replace('@', '%40')}@${entry?.version ?? ''}`;
}

function unique(components: readonly Component[]): readonly Component[] {
  return [...new Map(components.map((one) => [one.purl, one])).values()];
}
