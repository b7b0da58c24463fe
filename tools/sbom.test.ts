import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { bomOf, readLock } from './sbom.ts';

const root = join(import.meta.dirname, '..');

type Tree = { readonly version?: string; readonly dependencies?: Readonly<Record<string, Tree>> };

/** What npm itself says is needed at run time. */
function npmList(): ReadonlySet<string> {
  const args = ['ls', '--omit=dev', '--all', '--package-lock-only', '--json'];
  const output = execFileSync('npm', args, { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] });
  const found = new Set<string>();
  const walk = (tree: Tree): void => {
    for (const [name, one] of Object.entries(tree.dependencies ?? {})) {
      if (one.version !== undefined) found.add(`${name}@${one.version}`);
      walk(one);
    }
  };
  walk(JSON.parse(output.toString()));
  return found;
}

describe('the bill of materials', () => {
  const bom = bomOf(readLock(root));

  it('has what npm finds to be needed at run time, and nothing else', () => {
    const ours = bom.components.map(({ name, version }) => `${name}@${version}`);
    expect(ours.sort()).toEqual([...npmList()].sort());
  });

  it('names a licence and a checksum for everything that comes from the registry', () => {
    const bare = bom.components.filter(
      ({ licenses, hashes, scope }) =>
        scope === 'required' && (licenses === undefined || hashes === undefined),
    );
    expect(bare).toEqual([]);
  });

  it('has an entry of dependencies for each component, and leads nowhere else', () => {
    const refs = new Set([bom.metadata.component, ...bom.components].map((one) => one['bom-ref']));
    expect(new Set(bom.dependencies.map(({ ref }) => ref))).toEqual(refs);
    const wrong = bom.dependencies.flatMap(({ dependsOn }) =>
      dependsOn.filter((ref) => !refs.has(ref)),
    );
    expect(wrong).toEqual([]);
  });

  it('is the same for the same lock file', () => {
    expect(JSON.stringify(bomOf(readLock(root)))).toBe(JSON.stringify(bom));
  });
});
