/** Snapshots as CronJobs: when, as whom, with what, and what they may reach. */
import { describe, expect, it } from '@jest/globals';
import { usersConfig } from './clickhouse-files.ts';
import { type CronJob, type KubernetesObject, templateOf } from './objects.ts';
import { podSecurityReport } from './pod-security.ts';
import { snapshotCronJobs, snapshotFilesDir } from './snapshots.ts';
import { samplePlace, sampleSnapshots } from './testdata/sample.ts';

const objects = snapshotCronJobs(sampleSnapshots, samplePlace);
const cronJobs = objects.filter((one): one is CronJob => one.kind === 'CronJob');
const [first, second] = cronJobs;

function containerOf(job: CronJob | undefined) {
  return job === undefined ? undefined : templateOf(job).spec.containers[0];
}

function grantsOf(user: string, text: string): readonly string[] {
  const block = new RegExp(`<${user}>(\\s*<password[\\s\\S]*?)</${user}>`).exec(text)?.[1] ?? '';
  return [...block.matchAll(/<query>(.*)<\/query>/g)].map(([, grant]) => grant ?? '');
}

describe('a scheduled snapshot', () => {
  it('runs by the clock of the file, one at a time', () => {
    expect(first?.metadata.name).toBe('shop-snapshot-orders');
    expect(first?.spec).toMatchObject({
      schedule: '0 * * * *',
      timeZone: 'Etc/UTC',
      concurrencyPolicy: 'Forbid',
    });
  });

  it('runs our image over the file that is mounted', () => {
    const container = containerOf(first);
    const file = container?.args?.at(-1) ?? '';
    expect(container?.image).toBe(sampleSnapshots.image);
    expect(container?.args?.slice(0, 4)).toEqual(['snapshot', 'run', 'orders', '-f']);
    const mount = container?.volumeMounts?.find(({ mountPath }) => file.startsWith(mountPath));
    expect(`${mount?.mountPath}/obs.yaml`).toBe(file);
    const map = objects.find((one) => one.kind === 'ConfigMap');
    expect(map?.data).toEqual({ 'obs.yaml': sampleSnapshots.stackText });
  });

  it('gets the variable of its own source and no other', () => {
    const named = (job: CronJob | undefined) =>
      containerOf(job)?.env?.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []);
    const own = { name: 'shop-snapshots', key: 'SHOP_DSN' };
    expect(named(first)).toContainEqual(own);
    expect(named(second)).not.toContainEqual(own);
    expect(containerOf(first)?.env).toContainEqual({
      name: 'SHOP_DSN',
      valueFrom: { secretKeyRef: own },
    });
  });

  it('gets the files of the Secret that it names and no other key', () => {
    const volumes = first === undefined ? [] : templateOf(first).spec.volumes;
    expect(volumes).toContainEqual({
      name: 'files',
      secret: {
        secretName: 'shop-snapshots',
        items: [{ key: 'shop-ca.crt', path: 'shop-ca.crt' }],
      },
    });
    const mounts = containerOf(first)?.volumeMounts?.map(({ mountPath }) => mountPath);
    expect(mounts).toContain(snapshotFilesDir);
    expect(JSON.stringify(second)).not.toContain(snapshotFilesDir);
  });

  it('is restricted, without a token, and ends by itself', () => {
    const levels = podSecurityReport(objects).map(({ kind, level }) => [kind, level]);
    expect(levels).toEqual(cronJobs.map(() => ['CronJob', 'restricted']));
    const spec = first && templateOf(first).spec;
    expect(spec).toMatchObject({ automountServiceAccountToken: false, restartPolicy: 'Never' });
    expect(first?.spec.jobTemplate.spec.activeDeadlineSeconds).toBeGreaterThan(0);
  });

  it('reaches names, ClickHouse and its sources, and nobody reaches it', () => {
    const policy = objects.find((one) => one.kind === 'NetworkPolicy');
    expect(policy?.spec.policyTypes).toEqual(['Ingress', 'Egress']);
    expect(policy?.spec.ingress).toBeUndefined();
    expect(policy?.spec.egress?.at(-1)?.ports).toEqual([
      { protocol: 'TCP', port: 8123 },
      { protocol: 'TCP', port: 5432 },
    ]);
    const pods = first === undefined ? {} : templateOf(first).metadata.labels;
    expect(pods).toMatchObject(policy?.spec.podSelector.matchLabels ?? { none: '' });
  });

  it('has a name that leaves room for those of its Jobs, and of its own', () => {
    const names = (snapshots: readonly string[]) =>
      snapshotCronJobs(
        {
          ...sampleSnapshots,
          jobs: snapshots.map((name) => ({ name, schedule: '0 0 1 1 *', files: [] })),
        },
        { ...samplePlace, stack: 'a-stack-with-the-longest-name-that-one-may' },
      ).flatMap(({ kind, metadata }) => (kind === 'CronJob' ? [metadata.name] : []));
    const long = names(['orders-of-the-shop-in-the-east', 'orders-of-the-shop-in-the-west', 'b']);
    expect(new Set(long).size).toBe(3);
    for (const name of long) expect(name).toMatch(/^(?=.{1,52}$)[a-z]([-a-z0-9]*[a-z0-9])?$/);
  });

  it('makes nothing where none has a schedule', () => {
    const none: readonly KubernetesObject[] = snapshotCronJobs(
      { ...sampleSnapshots, jobs: [] },
      samplePlace,
    );
    expect(none).toEqual([]);
  });
});

describe('the users of ClickHouse', () => {
  const text = usersConfig('otel', ['shop', 'crm']);

  it('are as ever where there is no snapshot', () => {
    expect(usersConfig('otel', [])).toBe(usersConfig('otel'));
    expect(usersConfig('otel')).not.toContain('snapshots');
  });

  it('let the reader read the snapshots too', () => {
    expect(grantsOf('reader', text)).toEqual([
      ...grantsOf('reader', usersConfig('otel')),
      'GRANT SELECT ON shop.*',
      'GRANT SELECT ON crm.*',
    ]);
  });

  it('change nothing for gateway and schema', () => {
    for (const user of ['gateway', 'schema']) {
      expect(grantsOf(user, text)).toEqual(grantsOf(user, usersConfig('otel')));
    }
  });
});
