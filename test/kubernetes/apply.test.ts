/**
 * `obsctl render | kubectl apply` against a real API server with RBAC and Pod Security on, for
 * every example and some stacks of our own: in one go, server-side and client-side; a second time
 * nothing would change; each account may do what its rules say and nothing else; a pod of each
 * template is accepted; and with played nodes everything becomes ready.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../core/json.ts';
import { isWorkload, templateOf, type Workload } from '../../k8s/objects.ts';
import { type ControlPlane, startControlPlane } from '../support/kubernetes.ts';
import { describeWithPeer } from '../support/peer.ts';
import { type Rendered, renderFile } from '../support/rendered.ts';
import {
  accountsOf,
  allowedRights,
  computedRules,
  everyVerb,
  grantedRules,
  knownResources,
  rightsOf,
} from './granted.ts';
import { clientSideFiles, fromClone, stackFiles } from './stacks.ts';

const startMsMax = 240_000;
/** More than any stack claims; a volume that was claimed once is not given again. */
const volumesEach = 12;
const readyMsMax = 180_000;
const clientSideMsMax = 180_000;
const askAllMsMax = 400_000;
const definitions = readFileSync(join(import.meta.dirname, 'testdata/crds.yaml'), 'utf8');

const renders = new Map<string, Promise<Rendered>>();

function renderOnce(path: string): Promise<Rendered> {
  const known = renders.get(path) ?? renderFile(fromClone(path));
  renders.set(path, known);
  return known;
}

describeWithPeer('kubernetes', 'a rendered stack', (programs) => {
  let cluster: ControlPlane;
  beforeAll(async () => {
    const volumes = volumesEach * stackFiles.length;
    cluster = await startControlPlane({ programs, nodes: 2, volumes });
    await prepare(cluster);
  }, startMsMax);
  afterAll(async () => await cluster?.stop());

  describe.each(stackFiles)('%s', (path) => {
    let rendered: Rendered;
    beforeAll(async () => {
      rendered = await renderOnce(path);
    }, startMsMax);

    afterAll(async () => await remove(cluster, rendered.objects), readyMsMax);

    it('is applied server-side in one go, and nothing is warned of', async () => {
      const apply = ['apply', '--server-side', '-f', '-'];
      const { code, stdout, stderr } = await cluster.kubectl(apply, rendered.stream);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout.trim().split('\n')).toHaveLength(rendered.objects.length);
    });

    it(
      'becomes ready on played nodes',
      async () => {
        const limit = `--timeout=${readyMsMax / 1000}s`;
        for (const { kind, metadata } of rendered.objects.filter(isWorkload)) {
          const what = `${kind}/${metadata.name}`;
          const where = ['-n', metadata.namespace ?? '', limit];
          // Its time has not come.
          if (kind === 'CronJob') continue;
          if (kind === 'Job')
            await cluster.mustKubectl(['wait', '--for=condition=complete', what, ...where]);
          else await cluster.mustKubectl(['rollout', 'status', what, ...where]);
        }
      },
      readyMsMax * 2,
    );

    // When all is quiet: `diff` takes a status that moves meanwhile for a difference.
    it('would change nothing when it is applied again', async () => {
      const diff = ['diff', '--server-side', '-f', '-'];
      const { code, stdout, stderr } = await cluster.kubectl(diff, rendered.stream);
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
    });

    it('gives each account its computed rights and nothing else', async () => {
      const nobody = { namespace: 'default', name: 'default' };
      const namespaces = new Set(['default', 'kube-system']);
      for (const { metadata } of rendered.objects) {
        if (metadata.namespace !== undefined) namespaces.add(metadata.namespace);
      }
      for (const namespace of namespaces) {
        const everybody = new Set(rightsOf(await grantedRules(cluster, nobody, namespace)));
        for (const account of accountsOf(rendered.objects)) {
          const granted = rightsOf(await grantedRules(cluster, account, namespace));
          const own = granted.filter((right) => !everybody.has(right));
          const computed = rightsOf(computedRules(rendered.objects, account, namespace));
          expect({ account, namespace, rights: own }).toEqual({
            account,
            namespace,
            rights: computed,
          });
        }
      }
    });

    it('has pods that Pod Security accepts in their namespaces', async () => {
      const workloads = rendered.objects.filter(isWorkload);
      expect(workloads.length).toBeGreaterThan(0);
      for (const workload of workloads) {
        const { metadata } = workload;
        const pod = podOf(workload);
        const target = `/api/v1/namespaces/${metadata.namespace}/pods?dryRun=All`;
        const { status, body } = await cluster.ask('POST', target, pod);
        expect({ name: metadata.name, status, message: body['message'] }).toEqual({
          name: metadata.name,
          status: 201,
          message: undefined,
        });
      }
      for (const { metadata, kind } of rendered.objects) {
        if (kind !== 'Namespace') continue;
        expect(metadata.labels['pod-security.kubernetes.io/enforce']).toMatch(
          /^(restricted|baseline|privileged)$/,
        );
      }
    });
  });

  describe('client-side', () => {
    let cluster: ControlPlane;
    beforeAll(async () => {
      cluster = await startControlPlane({ programs, controllers: false });
      await prepare(cluster);
    }, startMsMax);
    afterAll(async () => await cluster?.stop());

    it(
      'is done with every kind that any stack has',
      async () => {
        const kindsOf = async (paths: readonly string[]): Promise<readonly string[]> => {
          const kinds = new Set<string>();
          for (const path of paths) {
            for (const { kind } of (await renderOnce(path)).objects) kinds.add(kind);
          }
          return [...kinds].sort();
        };
        expect(await kindsOf(clientSideFiles)).toEqual(await kindsOf(stackFiles));
      },
      startMsMax,
    );

    it.each(clientSideFiles)(
      '%s is applied in one go, and changes nothing twice',
      async (path) => {
        const { stream, objects } = await renderOnce(path);
        const applied = await cluster.kubectl(['apply', '-f', '-'], stream);
        expect({ code: applied.code, stderr: applied.stderr }).toEqual({ code: 0, stderr: '' });
        const again = await cluster.mustKubectl(['apply', '-f', '-'], stream);
        const lines = again.trim().split('\n');
        expect(lines).toHaveLength(objects.length);
        // Some kinds kubectl sends again whatever they hold; it asks for a difference slowly.
        const sent = lines.filter((line) => !line.endsWith(' unchanged'));
        const { code, stdout } = await cluster.kubectl(['diff', '-f', '-'], listOf(objects, sent));
        expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
        // The next one finds none of it; a namespace goes only with the help of controllers, and
        // without them nothing else takes time. To wait, kubectl asks five times a second.
        const items = objects.filter(({ kind }) => kind !== 'Namespace');
        const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
        await cluster.mustKubectl(['delete', '-f', '-', '--wait=false'], list);
      },
      clientSideMsMax,
    );
  });
});

describeWithPeer('kubernetes', 'every verb on every resource', (programs) => {
  let cluster: ControlPlane;
  let rendered: Rendered;
  beforeAll(async () => {
    [cluster, rendered] = await Promise.all([
      startControlPlane({ programs, nodes: 0 }),
      renderFile(join(import.meta.dirname, 'testdata/everything.yaml')),
    ]);
    await prepare(cluster);
    await cluster.mustKubectl(['apply', '--server-side', '-f', '-'], rendered.stream);
  }, startMsMax);
  afterAll(async () => await cluster?.stop());

  it(
    'is refused to each account but for its rules',
    async () => {
      const resources = await knownResources(cluster);
      expect(resources.length).toBeGreaterThan(100);
      const nobody = { namespace: 'default', name: 'default' };
      const known = new Set(resources.map(({ group, resource }) => `${group}/${resource} `));
      for (const account of accountsOf(rendered.objects)) {
        for (const namespace of ['', account.namespace]) {
          const everybody = new Set(await allowedRights(cluster, nobody, namespace, resources));
          const allowed = await allowedRights(cluster, account, namespace, resources);
          // A right to one name is no right to all, and the server knows no kinds of operators.
          const computed = rightsOf(computedRules(rendered.objects, account, namespace)).filter(
            (right) => {
              const [verb = '', ...rest] = right.split(' ');
              return everyVerb.includes(verb) && known.has(rest.join(' '));
            },
          );
          expect({ account, rights: allowed.filter((right) => !everybody.has(right)) }).toEqual({
            account,
            rights: computed,
          });
        }
      }
    },
    askAllMsMax,
  );
});

/** Of the objects those that kubectl names so: `kind.group/name what`. */
function listOf(objects: Rendered['objects'], lines: readonly string[]): string {
  const names = new Set(lines.map((line) => line.replace(/^([^./]+)[^/]*(\/\S+).*$/, '$1$2')));
  const items = objects.filter(({ kind, metadata }) =>
    names.has(`${kind.toLowerCase()}/${metadata.name}`),
  );
  expect(items.length).toBeGreaterThanOrEqual(names.size);
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

/** As the workload's controller would make it. */
function podOf(workload: Workload): JsonObject {
  const { metadata, spec } = workload;
  const template = templateOf(workload);
  const claims = 'volumeClaimTemplates' in spec ? (spec.volumeClaimTemplates ?? []) : [];
  const volumes = [
    ...(template.spec.volumes ?? []),
    ...claims.map(({ metadata: { name } }) => ({
      name,
      persistentVolumeClaim: { claimName: `${name}-${metadata.name}-0` },
    })),
  ];
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...template.metadata, name: `try-${metadata.name}` },
    spec: { ...template.spec, volumes },
  };
  return JSON.parse(JSON.stringify(pod));
}

/**
 * So that the next one finds none of it but empty namespaces: the controller takes 12 s for one of
 * those. First the workloads with their pods and claims, then what nobody holds on to.
 */
async function remove(cluster: ControlPlane, objects: Rendered['objects']): Promise<void> {
  const list = (items: Rendered['objects']): string =>
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  const workloads = list(objects.filter(isWorkload));
  await cluster.mustKubectl(['delete', '-f', '-', '--cascade=foreground', '--wait'], workloads);
  for (const { kind, metadata } of objects) {
    if (kind !== 'Namespace') continue;
    await cluster.mustKubectl(['delete', 'pvc', '--all', '--wait', '-n', metadata.name]);
  }
  const others = objects.filter((item) => !isWorkload(item) && item.kind !== 'Namespace');
  await cluster.mustKubectl(['delete', '-f', '-', '--wait=false'], list(others));
}

/** What a cluster has that somebody uses the operator's kinds in. */
async function prepare(cluster: ControlPlane): Promise<void> {
  await cluster.mustKubectl(['apply', '--server-side', '-f', '-'], definitions);
  const established = ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s'];
  await cluster.mustKubectl(established);
}
