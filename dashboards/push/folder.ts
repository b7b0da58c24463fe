/**
 * The folder that the dashboards stand in. One of our own has a fixed uid and takes a new title; a
 * folder that somebody else made under the wanted title is used and left as it is.
 */
import { Problem } from '../../core/problem.ts';
import type { Grafana } from './api.ts';
import { compareJson } from './compare.ts';
import { readPages } from './pages.ts';
import type { Inspection, Resource } from './resource.ts';

/** The API of folders has no tags: the uid is the mark. */
export const folderUid = 'obsctl-dashboards';
const usualTitle = 'obsctl';

type FolderHit = { readonly uid?: string; readonly title?: string };
type Folder = { readonly uid: string; readonly title: string; readonly version?: number };

export type FolderChoice = {
  readonly uid: string;
  readonly title: string;
  readonly exists: boolean;
  /** Absent where the folder is not ours. */
  readonly resource?: Resource;
  readonly notes: readonly string[];
};

/** Without a title it is the one that ours has, or the usual one. */
export async function chooseFolder(
  grafana: Grafana,
  asked: string | undefined,
): Promise<FolderChoice> {
  const own = await readOwn(grafana);
  const title = asked ?? own?.title ?? usualTitle;
  const all = await readPages<FolderHit>(grafana, 'read folders', '/folders');
  const foreign = all.filter((folder) => folder.title === title && folder.uid !== folderUid);
  const [first] = foreign;
  if (own?.title === title || first === undefined) {
    const resource = ownFolder(grafana, title);
    return { uid: folderUid, title, exists: own !== undefined, resource, notes: [] };
  }
  if (foreign.length > 1) {
    const uids = foreign.map(({ uid }) => uid).join(', ');
    throw new Problem('OBS-4108', `several folders have the title "${title}": ${uids}`, {
      where: grafana.address,
      next: 'Choose another title with `--folder`, or rename all but one of them.',
    });
  }
  const notes = [`the folder "${title}" (${first.uid}) is not ours: it is used as it is`];
  if (own !== undefined) {
    notes.push(`our folder "${own.title}" (${folderUid}) is not needed now: delete it when empty`);
  }
  return { uid: first.uid ?? '', title, exists: true, notes };
}

function readOwn(grafana: Grafana): Promise<Folder | undefined> {
  return grafana.read<Folder>('read folders', `/folders/${folderUid}`);
}

function ownFolder(grafana: Grafana, title: string): Resource {
  return {
    kind: 'folder',
    uid: folderUid,
    title,
    inspect: async (): Promise<Inspection> => {
      const found = await readOwn(grafana);
      if (found === undefined) {
        const write = () =>
          grafana.write('create a folder', 'POST', '/folders', { uid: folderUid, title });
        return { action: 'create', changes: [], write };
      }
      const changes = compareJson({ title: found.title }, { title });
      const body = { title, ...(found.version === undefined ? {} : { version: found.version }) };
      return {
        action: changes.length === 0 ? 'none' : 'update',
        changes,
        write: () => grafana.write('rename the folder', 'PUT', `/folders/${folderUid}`, body),
      };
    },
  };
}
