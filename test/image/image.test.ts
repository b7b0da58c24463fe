/**
 * Our own image: the steps of the Dockerfile, repeated without Docker into a folder, whose result
 * is started as its user on a read-only root. Two things stand in for what cannot be had here:
 * the clone's `node_modules` for the build stage's `npm ci` of the same lock file, and this
 * machine's C and C++ libraries, those that the base image promises, for the base image.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { listFiles } from '../../tools/tidy.ts';
import {
  type ContainedProgram,
  containedRefusal,
  librariesOf,
  startContained,
} from '../support/contained.ts';
import { startEngine } from '../support/engine.ts';
import { containedOf, loopbackAddress, podTemplateOf } from '../support/pod.ts';
import { renderFile } from '../support/rendered.ts';
import { buildImage, type Image, isIgnored, parseDockerfile } from './dockerfile.ts';

const clone = join(import.meta.dirname, '../..');
const buildMsMax = 240_000;
const runMsMax = 90_000;
const readyPollMs = 100;
const readyPollsMax = 400;
const secrets = { clickhouse: { user: 'gateway', password: 'gateway-password' } };
const stages = parseDockerfile(readFileSync(join(clone, 'Dockerfile'), 'utf8'));
const node = join(clone, 'node_modules/node/bin/node');
/** What gcr.io/distroless/cc says it has beside certificates and time zones. */
const librariesOfBase = ['libc', 'libm', 'libdl', 'libpthread', 'libstdc++', 'libgcc_s'];

describe('the Dockerfile', () => {
  it('takes the Node that everything is tested with', () => {
    const manifest = JSON.parse(readFileSync(join(clone, 'package.json'), 'utf8'));
    const version: string = manifest.devDependencies.node;
    const bases = stages.map((stage) => stage.base).filter((base) => base.startsWith('node:'));
    expect(bases.length).toBe(2);
    for (const base of bases) expect(base).toBe(`node:${version}-bookworm-slim`);
  });

  it('ends in an image without a shell that runs as a numbered user', () => {
    const last = stages.at(-1);
    expect(last?.base).toMatch(/^gcr\.io\/distroless\/cc-debian\d+:nonroot$/);
    expect(last?.steps.find(({ word }) => word === 'USER')?.rest).toBe('10001:10001');
    expect(last?.steps.filter(({ word }) => word === 'RUN')).toEqual([]);
  });
});

const refusal = containedRefusal();
const describeContained = refusal === undefined ? describe : describe.skip;

describeContained(`the image${refusal === undefined ? '' : ` – ${refusal}`}`, () => {
  let dir: string;
  let image: Image;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'obsctl-image-'));
    const ignore = join(clone, '.dockerignore');
    image = buildImage({
      stages,
      dir,
      context: clone,
      contextFiles: listFiles(clone).filter((path) => !isIgnored(path, ignore)),
      base: standInFor,
      instead: reuseLockedInstall,
      path: dirname(node),
    });
  }, buildMsMax);
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const inImage = (args: readonly string[]) =>
    startContained({
      root: image.root,
      command: [...image.entrypoint, ...args],
      env: image.env,
      uid: Number(image.user.split(':')[0]),
      gid: Number(image.user.split(':')[1]),
    });

  it('has neither a shell nor development packages nor an engine', () => {
    for (const path of ['bin/sh', 'app/node_modules/typescript', 'app/node_modules/chdb']) {
      expect(existsSync(join(image.root, path))).toBe(false);
    }
    expect(existsSync(join(image.root, 'app/dist/cli/main.js'))).toBe(true);
  });

  it('runs obsctl', async () => {
    const { version } = JSON.parse(readFileSync(join(clone, 'package.json'), 'utf8'));
    const program = inImage(['--version']);
    const { stdout, stderr } = await program.ended;
    await program.remove();
    expect(`${stdout}${stderr}`).toBe(`${version}\n`);
  });

  it(
    'makes the tables by the rendered Job, and runs the rendered gateway until it is ready',
    async () => {
      const users = join(dir, 'users.json');
      const lines = Object.values(secrets).map(({ user, password }) => `${user}:${password}\n`);
      writeFileSync(users, lines.join(''), { mode: 0o600 });
      const engine = await startEngine({ usersFile: users });
      const rendered = await renderFile(writeStack(dir, engine.url));
      const podIp = loopbackAddress();
      const start = (workload: RegExp) =>
        startContained(
          containedOf(podTemplateOf(rendered.objects, workload), {
            objects: rendered.objects,
            namespace: 'observability',
            podName: 'lab-0',
            podIp,
            secrets,
            root: image.root,
            entrypoint: image.entrypoint,
            env: image.env,
          }),
        );
      const programs: ContainedProgram[] = [];
      try {
        const job = start(/^lab-migrate-/);
        programs.push(job);
        const { code, stderr, stdout } = await job.ended;
        if (code !== 0) throw new Error(`the Job ended with ${code}\n${stdout}${stderr}`);
        const gateway = start(/^lab-gateway$/);
        programs.push(gateway);
        await answers(`http://${podIp}:8890/readyz`, gateway);
        const status = readFileSync(`/proc/${gateway.pid}/status`, 'utf8');
        expect(status).toMatch(/^Uid:\t10001\t10001\t10001\t10001$/m);
        expect(status).toMatch(/^CapEff:\t0+$/m);
        expect(status).toMatch(/^NoNewPrivs:\t1$/m);
        gateway.kill('SIGTERM');
        expect((await gateway.ended).code).toBe(0);
      } finally {
        for (const program of programs) await program.remove();
        await engine.stop();
      }
    },
    runMsMax,
  );
});

/** By its address: the embedded engine answers to no name but its own. */
function writeStack(dir: string, clickhouse: string): string {
  const file = join(dir, 'obs.yaml');
  const gateway = { flavor: 'obsctl', image: 'registry.example.com/obsctl:test', replicas: 1 };
  const stack = { name: 'lab', clickhouse: { mode: 'external', url: clickhouse }, gateway };
  writeFileSync(file, JSON.stringify(stack));
  return file;
}

async function answers(url: string, program: ContainedProgram): Promise<void> {
  for (let poll = 0; poll < readyPollsMax; poll += 1) {
    const answer = await fetch(url).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, readyPollMs));
  }
  throw new Error(`${url} did not answer 200:\n${program.talk()}`);
}

function standInFor(image: string, root: string): void {
  const linked = librariesOf(node);
  const library = (name: string) =>
    linked.find((path) => path.split('/').at(-1)?.startsWith(`${name}.so`)) ?? '';
  const put = (from: string, to: string): void => {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    copyFileSync(from, join(root, to));
  };
  if (image.startsWith('node:')) {
    put(node, 'usr/local/bin/node');
    put(library('libatomic'), 'usr/lib/x86_64-linux-gnu/libatomic.so.1');
  } else if (image.startsWith('gcr.io/distroless/cc-')) {
    for (const name of librariesOfBase) put(library(name), library(name));
    for (const loader of linked.filter((path) => path.includes('/ld-linux'))) put(loader, loader);
  } else throw new Error(`nothing stands for the image ${image}`);
}

function reuseLockedInstall(command: string, cwd: string): boolean {
  if (!command.startsWith('npm ci') || command.includes('--omit=dev')) return false;
  symlinkSync(join(clone, 'node_modules'), join(cwd, 'node_modules'));
  return true;
}
