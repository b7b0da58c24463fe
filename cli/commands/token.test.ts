import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { parseCredentials } from '../../gateway/guard/credentials.ts';
import { newSecret } from '../../gateway/guard/secret.ts';

const folder = mkdtempSync(join(tmpdir(), 'obsctl-token-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

async function token(words: readonly string[], input = ''): Promise<Ended> {
  const child = spawn(process.execPath, ['cli/main.ts', 'token', ...words], {
    env: { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => {}).end(input);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}

describe('obsctl token', () => {
  it('prints a token once and adds its line to a file, whatever ends that', async () => {
    const file = join(folder, 'credentials');
    writeFileSync(file, '# senders');
    const first = await token(['checkout', '--tenant', 'shop', '--append', file]);
    const second = await token(['payment', '--append', file]);
    expect([first.code, second.code]).toEqual([0, 0]);
    const text = readFileSync(file, 'utf8');
    expect(text.split('\n')).toHaveLength(4);
    const book = parseCredentials(text, file);
    const tenantOf = ({ stdout }: Ended) => book.findHeader(`Bearer ${stdout.trim()}`, 0);
    expect(tenantOf(first)).toMatchObject({ ok: true, tenant: 'shop' });
    expect(tenantOf(second)).toMatchObject({ ok: true, tenant: '' });
    expect(text + first.stderr).not.toContain(first.stdout.trim().slice('checkout.'.length));
  });

  it('hashes a secret that it is given, and refuses one that can be guessed', async () => {
    const secret = newSecret();
    const { stdout } = await token(['a', '--stdin', '--json'], `${secret}\n`);
    const { token: made, line } = JSON.parse(stdout) as { token: string; line: string };
    expect(made).toBe(`a.${secret}`);
    expect(parseCredentials(line, '').findHeader(`Bearer ${made}`, 0)).toMatchObject({ ok: true });
    const weak = await token(['a', '--stdin'], 'hunter2-hunter2-hunter2-hunter2-hunter2');
    expect(weak.code).toBe(2);
    expect(weak.stderr).toMatch(/OBS-2053/);
    expect(weak.stderr).not.toContain('hunter2');
  });

  it.each([
    ['a name that no line may have', ['a.b'], 'OBS-2052'],
    ['a tenant with capitals', ['a', '--tenant', 'Shop'], 'OBS-2052'],
    ['a day that is none', ['a', '--expires', 'soon'], 'OBS-2052'],
    ['a file that cannot be written', ['a', '--append', '/proc/none/x'], 'OBS-2050'],
  ])('refuses %s and prints no token', async (_name, words, code) => {
    const ended = await token(words);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(code);
  });
});
