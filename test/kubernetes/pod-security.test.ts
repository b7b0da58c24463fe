/**
 * The Pod Security report against the admission controller itself: the level of each rendered pod
 * and of pods made at random is the lowest whose namespace takes them, and the controls that we
 * name are those that the controller names when it refuses.
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject } from '../../core/json.ts';
import { isWorkload, type PodTemplate, templateOf, type Workload } from '../../k8s/objects.ts';
import { highestLevel, type Level, levelFindings } from '../../k8s/pod-security.ts';
import { type ControlPlane, startControlPlane } from '../support/kubernetes.ts';
import { describeWithPeer } from '../support/peer.ts';
import { renderFile } from '../support/rendered.ts';
import { randomPod } from './random-pod.ts';
import { fromClone, stackFiles } from './stacks.ts';

const startMsMax = 120_000;
const workloadsMsMax = 240_000;
const randomMsMax = 240_000;
const runs = 400;
const levels: readonly Level[] = ['restricted', 'baseline', 'privileged'];

/** Words of the controller for our controls; `restricted` has some under other words. */
const reasons: readonly (readonly [RegExp, string])[] = [
  [/^hostProcess/, 'HostProcess'],
  [/^host namespaces/, 'Host Namespaces'],
  [/^privileged/, 'Privileged Containers'],
  [/^(non-default|unrestricted) capabilities/, 'Capabilities'],
  [/^hostPath volumes/, 'HostPath Volumes'],
  [/^restricted volume types/, 'Volume Types'],
  [/^hostPort/, 'Host Ports'],
  [/^forbidden AppArmor/, 'AppArmor'],
  [/^seLinuxOptions/, 'SELinux'],
  [/^procMount/, '/proc Mount Type'],
  [/^seccompProfile/, 'Seccomp'],
  [/^forbidden sysctl/, 'Sysctls'],
  [/^allowPrivilegeEscalation/, 'Privilege Escalation'],
  [/^runAsNonRoot/, 'Running as Non-root'],
  [/^runAsUser=0/, 'Running as Non-root user'],
  [/^probe or lifecycle host/, 'Host Probes / Lifecycle Hooks'],
];

describeWithPeer(
  'kubernetes',
  'the Pod Security report and the admission controller',
  (programs) => {
    let cluster: ControlPlane;
    beforeAll(async () => {
      cluster = await startControlPlane({ programs, controllers: false });
      for (const level of levels) await makeNamespace(cluster, level);
    }, startMsMax);
    afterAll(async () => await cluster?.stop());

    it(
      'agree on every rendered template',
      async () => {
        const seen = new Set<Level>();
        for (const path of stackFiles) {
          const { objects } = await renderFile(fromClone(path));
          for (const workload of objects.filter(isWorkload)) {
            const template = withClaims(workload);
            const ours = { path, name: workload.metadata.name, ...ourVerdict(template) };
            seen.add(ours.level);
            const theirs = await theirVerdict(cluster, template);
            expect(ours).toEqual({ path, name: workload.metadata.name, ...theirs });
          }
        }
        expect([...seen].sort()).toEqual(['privileged', 'restricted']);
      },
      workloadsMsMax,
    );

    it(
      'agree on pods made at random',
      async () => {
        const seen = new Map<Level, number>();
        await fc.assert(
          fc.asyncProperty(randomPod, async (template) => {
            const ours = ourVerdict(template);
            seen.set(ours.level, (seen.get(ours.level) ?? 0) + 1);
            expect(ours).toEqual(await theirVerdict(cluster, template));
          }),
          { numRuns: runs },
        );
        for (const level of levels) expect(seen.get(level) ?? 0).toBeGreaterThan(runs / 50);
      },
      randomMsMax,
    );
  },
);

type Verdict = {
  readonly level: Level;
  /** Controls that keep it out of a namespace of each level. */
  readonly restricted: readonly string[];
  readonly baseline: readonly string[];
};

function ourVerdict(template: PodTemplate): Verdict {
  const findings = levelFindings(template);
  const against = (level: Level): readonly string[] =>
    sorted(
      findings
        .filter((finding) => levels.indexOf(finding.level) > levels.indexOf(level))
        .map(({ control }) => (level === 'restricted' ? wordOfRestricted(control) : control)),
    );
  return {
    level: highestLevel(findings.map(({ level }) => level)),
    restricted: against('restricted'),
    baseline: against('baseline'),
  };
}

/** Among the volumes that the restricted level does not have, one is known to the baseline too. */
function wordOfRestricted(control: string): string {
  return control === 'HostPath Volumes' ? 'Volume Types' : control;
}

async function theirVerdict(cluster: ControlPlane, template: PodTemplate): Promise<Verdict> {
  const [restricted = [], baseline = [], privileged = []] = await Promise.all(
    levels.map((level) => refusedFor(cluster, template, level)),
  );
  expect(privileged).toEqual([]);
  const level = levels.find((_, index) => [restricted, baseline, privileged][index]?.length === 0);
  return { level: level ?? 'privileged', restricted, baseline };
}

/** Controls that the controller names; none when it takes the pod. */
async function refusedFor(
  cluster: ControlPlane,
  template: PodTemplate,
  level: Level,
): Promise<readonly string[]> {
  const { serviceAccountName: _account, ...spec } = template.spec;
  const metadata = { ...template.metadata, name: 'try' };
  const pod: JsonObject = JSON.parse(
    JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec }),
  );
  const path = `/api/v1/namespaces/${level}/pods?dryRun=All`;
  const { status, body } = await cluster.ask('POST', path, pod);
  if (status === 201) return [];
  const message = String(body['message']);
  const [, said] = /violates PodSecurity "[^"]+": (.*)$/s.exec(message) ?? [];
  if (status !== 403 || said === undefined) throw new Error(`${status}: ${message}`);
  return sorted(outsideOfBrackets(said).map(controlOf));
}

function controlOf(reason: string): string {
  const found = reasons.find(([pattern]) => pattern.test(reason));
  if (found === undefined)
    throw new Error(`what the controller calls “${reason}” has no name here`);
  return found[1];
}

/** `a (x, y), b (z)` has two parts. */
function outsideOfBrackets(said: string): readonly string[] {
  return said
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, 'quoted')
    .replaceAll(/\((?:[^()]|\([^()]*\))*\)/g, '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function sorted(controls: readonly string[]): readonly string[] {
  return [...new Set(controls)].sort();
}

/** As the controller of a StatefulSet adds them; a pod with a mount of none is refused. */
function withClaims(workload: Workload): PodTemplate {
  const { metadata, spec } = workload;
  const template = templateOf(workload);
  const claims = 'volumeClaimTemplates' in spec ? (spec.volumeClaimTemplates ?? []) : [];
  if (claims.length === 0) return template;
  const volumes = claims.map(({ metadata: { name } }) => ({
    name,
    persistentVolumeClaim: { claimName: `${name}-${metadata.name}-0` },
  }));
  return {
    ...template,
    spec: { ...template.spec, volumes: [...(template.spec.volumes ?? []), ...volumes] },
  };
}

async function makeNamespace(cluster: ControlPlane, level: Level): Promise<void> {
  const metadata = { name: level, labels: { 'pod-security.kubernetes.io/enforce': level } };
  const namespace: JsonObject = { apiVersion: 'v1', kind: 'Namespace', metadata };
  const account: JsonObject = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default' },
  };
  expect((await cluster.ask('POST', '/api/v1/namespaces', namespace)).status).toBe(201);
  const accounts = `/api/v1/namespaces/${level}/serviceaccounts`;
  expect((await cluster.ask('POST', accounts, account)).status).toBe(201);
}
