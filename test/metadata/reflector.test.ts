/**
 * The reflector against a real API server: what it lists and watches, what it misses (nothing)
 * while it is away or its connections are cut, and what it says of a kind that it may not see.
 */
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { JsonObject } from '../../core/json.ts';
import { type Api, connectKubernetes } from '../../jobs/metadata/kubernetes/api.ts';
import type { Kind, Step } from '../../jobs/metadata/kubernetes/reflector.ts';
import { freePorts } from '../support/free-ports.ts';
import { type ControlPlane, startControlPlane } from '../support/kubernetes.ts';
import { describeWithPeer } from '../support/peer.ts';
import { seededRandom } from '../support/random.ts';
import { brief, follow, startCuttingProxy, writeKubeconfig } from './following.ts';

const startMsMax = 120_000;
const writes = 200;

describeWithPeer('kubernetes', 'a real API server', (programs) => {
  let cluster: ControlPlane;
  let api: Api;

  beforeAll(async () => {
    cluster = await startControlPlane({ programs, controllers: false });
    api = await connectKubernetes({ kubeconfig: cluster.kubeconfig });
  }, startMsMax);
  afterAll(async () => await cluster?.stop());

  /** Of a namespace of its own for each test. */
  async function configMaps(namespace: string): Promise<Kind> {
    await must('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
    return { name: 'configmaps', path: `/api/v1/namespaces/${namespace}/configmaps` };
  }

  type Method = 'POST' | 'PATCH' | 'DELETE';
  async function must(method: Method, path: string, body?: JsonObject): Promise<JsonObject> {
    const answer = await cluster.ask(method, path, body);
    if (answer.status > 299) throw new Error(`${path}: ${JSON.stringify(answer)}`);
    return answer.body;
  }
  const make = async (kind: Kind, name: string, text = ''): Promise<string> =>
    version(await must('POST', kind.path, { metadata: { name }, data: { text } }));
  const change = async (kind: Kind, name: string, text: string): Promise<string> =>
    version(await must('PATCH', `${kind.path}/${name}`, { data: { text } }));
  const remove = async (kind: Kind, name: string): Promise<unknown> =>
    await must('DELETE', `${kind.path}/${name}`);

  it('lists in pages, with what events say of an object, too', async () => {
    const kind = await configMaps('pages');
    for (let index = 0; index < 10; index += 1) await make(kind, `map-${index}`);
    const following = follow(api, kind, { pageSize: 3 });
    await following.until((steps) => steps.some(({ type }) => type === 'list-ended'));
    // Text that a reader of lines might cut at, and letters of several bytes.
    const odd = 'a\r\nb\u2028c\u2029d\u0085 🎈é';
    await change(kind, 'map-0', odd);
    await following.until((steps) => steps.some(({ type }) => type === 'changed'));
    await following.stop();
    const types = following.steps.map(({ type }) => type);
    const objects = ['objects', 'objects', 'objects', 'objects'];
    expect(types).toEqual(['list-began', ...objects, 'list-ended', 'changed']);
    const listed = following.steps.flatMap((step) => (step.type === 'objects' ? step.objects : []));
    expect(listed.map(({ metadata }) => metadata.name)).toEqual(
      Array.from({ length: 10 }, (_, index) => `map-${index}`),
    );
    const [changed] = changes(following.steps);
    expect(changed?.['data']).toEqual({ text: odd });
    expect(Object.keys(changed ?? {}).sort()).toEqual(Object.keys(listed[0] ?? {}).sort());
    expect(listed[0]).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' });
    for (const object of [...listed, changed]) {
      const fields = object?.metadata['managedFields'];
      expect(fields).toEqual([{ time: expect.stringMatching(/^\d{4}-.+Z$/) }]);
    }
  });

  it('gives each change once, in order', async () => {
    const kind = await configMaps('order');
    const first = await make(kind, 'first');
    const following = follow(api, kind);
    await following.until((steps) => steps.some(({ type }) => type === 'list-ended'));
    const made = await make(kind, 'second');
    const changed = await change(kind, 'first', 'x');
    const again = await change(kind, 'first', 'y');
    await remove(kind, 'second');
    const anew = await make(kind, 'second');
    await following.until((steps) => steps.length >= 8);
    await following.stop();
    const [began, objects, ended, ...rest] = following.steps.map(brief);
    expect([began, objects]).toEqual(['list-began', 'objects first']);
    expect(Number(ended?.split(' ')[1])).toBeGreaterThanOrEqual(Number(first));
    const end = rest[3]?.split(' ')[2];
    expect(rest).toEqual([
      `changed second ${made}`,
      `changed first ${changed}`,
      `changed first ${again}`,
      `gone second ${end}`,
      `changed second ${anew}`,
    ]);
    expect(Number(end)).toBeGreaterThan(Number(again));
    expect(Number(end)).toBeLessThan(Number(anew));
  });

  it('gives what happened while it was away, without a list', async () => {
    const kind = await configMaps('away');
    const from = await make(kind, 'stays');
    const made = await make(kind, 'came-and-went');
    await remove(kind, 'came-and-went');
    const changed = await change(kind, 'stays', 'x');
    const following = follow(api, kind, { from });
    await following.until((steps) => steps.length >= 3);
    await following.stop();
    expect(following.steps.map(brief)).toEqual([
      `changed came-and-went ${made}`,
      expect.stringMatching(/^gone came-and-went \d+$/),
      `changed stays ${changed}`,
    ]);
  });

  it('loses and repeats nothing when its connections are cut', async () => {
    const kind = await configMaps('cuts');
    const proxy = await startCuttingProxy(cluster.port);
    const random = seededRandom(7);
    try {
      const way = { server: `https://127.0.0.1:${proxy.port}`, token: cluster.adminToken };
      const cutApi = await connectKubernetes({ kubeconfig: writeKubeconfig(cluster, way) });
      const following = follow(cutApi, kind);
      await following.until((steps) => steps.some(({ type }) => type === 'list-ended'));
      const versions: string[] = [await make(kind, 'one')];
      let cuts = 0;
      // A cut that finds no connection, because the next one is waited for, is none.
      while (versions.length < writes || (cuts < 3 && versions.length < 10 * writes)) {
        versions.push(await change(kind, 'one', 'x'.repeat(1 + random.below(4000))));
        if (random.oneIn(10)) cuts += proxy.cut();
        await setTimeout(random.below(40));
      }
      await following.until((steps) => changes(steps).length >= versions.length);
      await following.stop();
      expect(changes(following.steps).map(({ metadata }) => metadata.resourceVersion)).toEqual(
        versions,
      );
      expect(cuts).toBeGreaterThan(2);
      expect(following.steps.filter(({ type }) => type === 'list-began')).toHaveLength(1);
      // None is left over.
      await setTimeout(200);
      expect(proxy.open()).toBe(0);
    } finally {
      proxy.stop();
    }
  });

  it('has one connection, however often the watch begins anew', async () => {
    const kind = await configMaps('connections');
    const proxy = await startCuttingProxy(cluster.port);
    try {
      const way = { server: `https://127.0.0.1:${proxy.port}`, token: cluster.adminToken };
      const counted = await connectKubernetes({ kubeconfig: writeKubeconfig(cluster, way) });
      const following = follow(counted, kind, { relistMs: 300 });
      await following.until(
        (steps) => steps.filter(({ type }) => type === 'list-ended').length > 4,
      );
      expect(proxy.open()).toBeLessThanOrEqual(2);
      await following.stop();
    } finally {
      proxy.stop();
    }
  });

  it('loses and repeats nothing when nobody takes its steps for a while', async () => {
    const kind = await configMaps('slow');
    const from = await make(kind, 'one');
    const following = follow(api, kind, { from, bufferMax: 3, workMs: 30 });
    const versions: string[] = [];
    await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        versions.push(await make(kind, `map-${index}`));
      }),
    );
    await following.until((steps) => changes(steps).length >= 30);
    await following.stop();
    const given = changes(following.steps).map(({ metadata }) => Number(metadata.resourceVersion));
    expect(given).toEqual(versions.map(Number).sort((a, b) => a - b));
  });

  /** Events of Kubernetes: the one kind that the API server reads from etcd each time. */
  async function eventsOf(namespace: string): Promise<Kind & { make: () => Promise<string> }> {
    await configMaps(namespace);
    const path = `/api/v1/namespaces/${namespace}/events`;
    let count = 0;
    const makeOne = async (): Promise<string> => {
      count += 1;
      const metadata = { name: `event-${count}` };
      const involvedObject = { kind: 'Pod', namespace, name: 'web' };
      return version(await must('POST', path, { metadata, involvedObject }));
    };
    return { name: 'events', path, make: makeOne };
  }

  /** What etcd does with old revisions each five minutes. */
  async function forget(revision: string): Promise<void> {
    const url = `http://127.0.0.1:${cluster.ports.etcd}/v3/kv/compaction`;
    const answer = await fetch(url, { method: 'POST', body: JSON.stringify({ revision }) });
    if (!answer.ok) throw new Error(await answer.text());
  }

  it('lists when the server does not know the position any more', async () => {
    const kind = await eventsOf('forgotten');
    const from = await kind.make();
    await kind.make();
    // The watch would begin at the one after `from`, which would still be known.
    await forget(await kind.make());
    const following = follow(api, kind, { from });
    await following.until((steps) => steps.some(({ type }) => type === 'list-ended'));
    const made = await kind.make();
    await following.until((steps) => changes(steps).length === 1);
    await following.stop();
    expect(following.steps.map(brief)).toEqual([
      expect.stringMatching(/^failed events: .*too old/),
      'list-began',
      'objects event-1 event-2 event-3',
      expect.stringMatching(/^list-ended \d+$/),
      `changed event-4 ${made}`,
    ]);
  });

  it('lists from the start when a list is forgotten between two pages', async () => {
    const kind = await eventsOf('between');
    for (let index = 0; index < 3; index += 1) await kind.make();
    const following = follow(api, kind, { pageSize: 2, workMs: 300 });
    await following.until((steps) => steps.length === 1);
    await forget(await kind.make());
    await following.until((steps) => steps.some(({ type }) => type === 'list-ended'));
    await following.stop();
    expect(following.steps.map(brief)).toEqual([
      'list-began',
      'objects event-1 event-2',
      expect.stringMatching(/^failed events: .*(too old|expired)/),
      'list-began',
      'objects event-1 event-2',
      'objects event-3 event-4',
      expect.stringMatching(/^list-ended \d+$/),
    ]);
  });

  it('says what it may not see, and watches the rest', async () => {
    const kind = await configMaps('rights');
    await must('POST', '/api/v1/namespaces/rights/serviceaccounts', { metadata: { name: 'few' } });
    const role = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'few' };
    const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/rights';
    const rule = { apiGroups: [''], resources: ['configmaps'], verbs: ['list', 'watch'] };
    await must('POST', `${rbac}/roles`, { metadata: { name: 'few' }, rules: [rule] });
    const subject = { kind: 'ServiceAccount', name: 'few', namespace: 'rights' };
    const binding = { metadata: { name: 'few' }, roleRef: role, subjects: [subject] };
    await must('POST', `${rbac}/rolebindings`, binding);
    const token = await cluster.tokenOf('rights', 'few');
    const way = { server: cluster.url, token };
    const few = await connectKubernetes({ kubeconfig: writeKubeconfig(cluster, way) });
    const secrets = { name: 'secrets', path: '/api/v1/namespaces/rights/secrets' };
    const refused = [follow(few, secrets), follow(few, secrets, { from: '5' })];
    const unknown = follow(few, { name: 'gadgets', path: '/apis/shop.example/v1/gadgets' });
    const allowed = follow(few, kind);
    await allowed.until((steps) => steps.some(({ type }) => type === 'list-ended'));
    await make(kind, 'seen');
    await allowed.until((steps) => changes(steps).length === 1);
    for (const following of [...refused, unknown]) {
      await following.until((steps) => steps.length === 1);
    }
    for (const following of [...refused, unknown, allowed]) await following.stop();
    const who = 'secrets is forbidden: User "system:serviceaccount:rights:few" cannot';
    expect(refused.flatMap(({ steps }) => steps.map(brief))).toEqual([
      expect.stringContaining(`forbidden secrets: ${who} list`),
      expect.stringContaining(`forbidden secrets: ${who} watch`),
    ]);
    expect(unknown.steps.map(({ type }) => type)).toEqual(['forbidden']);
    expect(JSON.stringify(refused.map(({ steps }) => steps))).not.toContain(token);
  });

  it('says why it cannot begin, and shows nothing of the kubeconfig', async () => {
    const kubeconfig = (server: string, token = 'of-nobody') =>
      writeKubeconfig(cluster, { server, token });
    const refused = connectKubernetes({ kubeconfig: kubeconfig(cluster.url) });
    await expect(refused).rejects.toMatchObject({ code: 'OBS-6072', where: cluster.url });
    const [free] = await freePorts(1);
    const silent = connectKubernetes({ kubeconfig: kubeconfig(`https://127.0.0.1:${free}`) });
    await expect(silent).rejects.toMatchObject({
      code: 'OBS-6071',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    const missing = connectKubernetes({ kubeconfig: `${cluster.dir}/nothing` });
    await expect(missing).rejects.toMatchObject({
      code: 'OBS-6070',
      message: 'it cannot be read (ENOENT)',
    });
  });
});

function changes(steps: readonly Step[]) {
  return steps.flatMap((step) => (step.type === 'changed' ? [step.object] : []));
}

function version(object: JsonObject): string {
  return String((object['metadata'] as JsonObject)['resourceVersion']);
}
