/**
 * The Job that makes Secrets, run for real: the rendered script with the rendered user, on a root
 * that is read-only, with the token of the rendered service account, against a real API server.
 * The shell and curl of this machine stand for those of the image.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { JsonObject } from '../../core/json.ts';
import { containedRefusal, startContained } from '../support/contained.ts';
import { type ControlPlane, startControlPlane } from '../support/kubernetes.ts';
import { describeWithPeers } from '../support/peer.ts';
import { containedOf, loopbackAddress, podTemplateOf } from '../support/pod.ts';
import type { Ended } from '../support/program.ts';
import { renderFile } from '../support/rendered.ts';
import { fromClone } from './stacks.ts';

const startMsMax = 120_000;
const runMsMax = 60_000;
/** tcpmux: nothing listens there. */
const unusedPort = 1;
const namespace = 'observability';
const account = 'quickstart-credentials';
const job = /^quickstart-credentials-/;
const secretsPath = `/api/v1/namespaces/${namespace}/secrets`;
const tools = ['sh', 'curl', 'head', 'base64', 'tr', 'cat'];
const rendered = await renderFile(fromClone('examples/quickstart/obs.yaml'));

type Secret = {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly data: Readonly<Record<string, string>>;
};

describeWithPeers(
  ['kubernetes'],
  'the Job that makes Secrets',
  ([programs = '']) => {
    let cluster: ControlPlane;
    let token: string;
    beforeAll(async () => {
      cluster = await startControlPlane({ programs, controllers: false });
      await cluster.mustKubectl(['apply', '--server-side', '-f', '-'], rendered.stream);
      token = await cluster.tokenOf(namespace, account);
    }, startMsMax);
    afterAll(async () => await cluster?.stop());

    const runJob = async (as = token, port = cluster.port): Promise<Ended> => {
      const contained = containedOf(podTemplateOf(rendered.objects, job), {
        objects: rendered.objects,
        namespace,
        podName: 'credentials-0',
        podIp: loopbackAddress(),
        entrypoint: [],
        programs: Object.fromEntries(tools.map((name) => [`/bin/${name}`, which(name)])),
        hosts: { 'kubernetes.default.svc': '127.0.0.1' },
        cluster: { port: cluster.port, ca: readFileSync(cluster.caFile, 'utf8'), token: as },
        // Only the port differs from the rendered address: the real one is the Service's 443.
        env: { API: `https://kubernetes.default.svc:${port}` },
      });
      const program = startContained(contained);
      const ended = await program.ended;
      await program.remove();
      return ended;
    };
    const secrets = async (): Promise<readonly Secret[]> => {
      const { body } = await cluster.ask('GET', secretsPath);
      return body['items'] as unknown as Secret[];
    };

    it(
      'makes each that pods refer to, with a password of its own',
      async () => {
        expect(await secrets()).toEqual([]);
        const { code, stdout, stderr } = await runJob();
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        const made = await secrets();
        expect(new Set(made.map(({ metadata }) => metadata.name))).toEqual(referredSecrets());
        const passwords = made.map(({ data }) => decoded(data['password']));
        for (const password of passwords) {
          expect(password).toMatch(/^[\w-]{32}$/);
          expect(`${stdout}${stderr}${rendered.stream}`).not.toContain(password);
        }
        expect(new Set(passwords).size).toBe(made.length);
        const users = made.map(({ data }) => decoded(data['user']));
        expect(new Set(users).size).toBe(made.length);
        expect(stdout.trim().split('\n').sort()).toEqual(
          made.map(({ metadata }) => `Secret ${metadata.name} made`).sort(),
        );
      },
      runMsMax,
    );

    it(
      'leaves them as they are when it runs again',
      async () => {
        const before = await secrets();
        const { code, stdout } = await runJob();
        expect(code).toBe(0);
        expect(stdout.match(/is there and stays as it is/g)).toHaveLength(before.length);
        expect(await secrets()).toEqual(before);
      },
      runMsMax,
    );

    it(
      'makes only what is absent, beside what a person made',
      async () => {
        const [kept, lost] = await secrets();
        await cluster.ask('DELETE', `${secretsPath}/${lost?.metadata.name}`);
        expect((await runJob()).code).toBe(0);
        const after = await secrets();
        const named = (secret: Secret | undefined) =>
          after.find(({ metadata }) => metadata.name === secret?.metadata.name);
        expect(named(kept)).toEqual(kept);
        expect(named(lost)?.data['password']).not.toBe(lost?.data['password']);
      },
      runMsMax,
    );

    it('may neither read, change or delete a Secret, nor make one elsewhere', async () => {
      const [one] = await secrets();
      const path = `${secretsPath}/${one?.metadata.name}`;
      const elsewhere = '/api/v1/namespaces/observability-agents/secrets';
      const body: JsonObject = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'more' } };
      const statuses = [
        await cluster.ask('GET', secretsPath, undefined, token),
        await cluster.ask('GET', path, undefined, token),
        await cluster.ask('PATCH', path, { stringData: { password: 'mine' } }, token),
        await cluster.ask('DELETE', path, undefined, token),
        await cluster.ask('POST', elsewhere, body, token),
      ].map(({ status }) => status);
      expect(statuses).toEqual([403, 403, 403, 403, 403]);
    });

    it(
      'fails with the status when the API server refuses',
      async () => {
        const { code, stdout, stderr } = await runJob('nobody');
        expect(code).not.toBe(0);
        expect(stdout).toBe('');
        expect(stderr).toMatch(/Secret \S+: the API server answered 401/);
      },
      runMsMax,
    );

    it(
      'fails with the address when nothing answers there',
      async () => {
        const { code, stdout, stderr } = await runJob(token, unusedPort);
        expect(code).not.toBe(0);
        expect(stdout).toBe('');
        expect(stderr).toContain(`no answer from the API server at https://kubernetes.default.svc`);
      },
      runMsMax,
    );
  },
  containedRefusal() ?? (tools.every(isThere) ? undefined : `needs ${tools.join(', ')}`),
);

/** Of the namespace, by what environments and volumes of pods there name. */
function referredSecrets(): ReadonlySet<string> {
  const names = rendered.objects
    .filter(({ metadata }) => metadata.namespace === namespace)
    .flatMap((object) => [
      ...JSON.stringify(object).matchAll(
        /"secretKeyRef":\{"name":"([^"]+)"|"secretName":"([^"]+)"/g,
      ),
    ])
    .map(([, first, second]) => first ?? second ?? '');
  return new Set(names);
}

function decoded(base64 = ''): string {
  return Buffer.from(base64, 'base64').toString();
}

function which(name: string): string {
  return execFileSync('which', [name]).toString().trim();
}

function isThere(name: string): boolean {
  try {
    return which(name) !== '';
  } catch {
    return false;
  }
}
