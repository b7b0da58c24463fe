import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { secretsScript } from './secrets-script.ts';

const secret = { name: 'clickhouse', userKey: 'user', passwordKey: 'password' };

describe('the script that makes Secrets', () => {
  const made = [
    { secret, user: 'gateway' },
    { secret: { ...secret, name: 'grafana' }, user: 'admin' },
  ];

  /** The image of the Job has curl; a machine that runs the tests may not. */
  const withCurl = spawnSync('curl', ['--version']).status === 0 ? it : it.skip;

  withCurl('posts each once, with a random password and the token of its account', async () => {
    const seen: { url: string; token: string; body: Body }[] = [];
    const run = await runScript(made, (url, token, body) => {
      seen.push({ url, token, body: JSON.parse(body) });
      return 201;
    });
    expect(run).toMatchObject({ code: 0 });
    expect(seen.map(({ url }) => url)).toEqual(Array(2).fill('/api/v1/namespaces/obs/secrets'));
    expect(new Set(seen.map(({ token }) => token))).toEqual(new Set(['Bearer the-token']));
    expect(seen.map(({ body }) => [body.metadata.name, body.stringData['user']])).toEqual([
      ['clickhouse', 'gateway'],
      ['grafana', 'admin'],
    ]);
    const passwords = seen.map(({ body }) => body.stringData['password']);
    expect(new Set(passwords).size).toBe(2);
    for (const password of passwords) expect(password).toMatch(/^[\w-]{32}$/);
    for (const password of passwords) expect(run.output).not.toContain(password);
  });

  withCurl('leaves a Secret that is there as it is', async () => {
    const run = await runScript(made, () => 409);
    expect(run.code).toBe(0);
    expect(run.output).toContain('Secret clickhouse is there');
  });

  withCurl('fails when it may not, so that the Job is tried again', async () => {
    const run = await runScript(made, () => 403);
    expect(run.code).not.toBe(0);
    expect(run.output).toContain('answered 403');
  });
});

type Body = {
  readonly metadata: { readonly name: string };
  readonly stringData: Readonly<Record<string, string>>;
};

/** Runs the script as the container does, against an API server that answers as told. */
async function runScript(
  made: Parameters<typeof secretsScript>[0],
  answer: (url: string, token: string, body: string) => number,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const account = await mkdtemp(join(tmpdir(), 'obsctl-account-'));
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      response.statusCode = answer(request.url ?? '', request.headers.authorization ?? '', body);
      response.end('{}');
    });
  });
  try {
    await writeFile(join(account, 'token'), 'the-token');
    await writeFile(join(account, 'ca.crt'), '');
    const port = await listen(server);
    const child = spawn('/bin/sh', ['-c', secretsScript(made, 'obs')], {
      env: { PATH: process.env['PATH'], API: `http://127.0.0.1:${port}`, ACCOUNT: account },
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk));
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { code, output };
  } finally {
    server.close();
    await rm(account, { recursive: true });
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
