/**
 * Makes README's pictures from the running demo: `node tools/screenshots.ts [--minutes N]`. Starts
 * `obsctl demo`, lets it run until the shop's trouble shows, and photographs the page.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { chromiumFlags } from '../test/browser/open.ts';
import { peers } from './peers/list.ts';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'docs', 'images');
const { values } = parseArgs({ options: { minutes: { type: 'string', default: '3' } } });
const minutes = Number(values.minutes);
const executablePath = peers.find((peer) => peer.name === 'chromium')?.find() ?? '';
if (executablePath === '') throw new Error('needs chromium: npm run peers chromium');

const dataDir = mkdtempSync(join(tmpdir(), 'obsctl-screenshots-'));
const demo = spawn(process.execPath, [join(root, 'cli/main.ts'), 'demo', '--data-dir', dataDir], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const url = await pageUrl();
  process.stderr.write(`the demo runs at ${url}; waiting ${minutes} minutes for a picture\n`);
  await new Promise((resolve) => setTimeout(resolve, minutes * 60_000));
  mkdirSync(folder, { recursive: true });
  await photograph(url);
} finally {
  demo.kill('SIGINT');
  await new Promise((resolve) => demo.once('exit', resolve));
  rmSync(dataDir, { recursive: true, force: true });
}

function pageUrl(): Promise<string> {
  return new Promise((resolve, reject) => {
    createInterface({ input: demo.stdout }).on('line', (line) => {
      const found = /Look here\s+(http\S+)/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
    demo.once('exit', (code) => reject(new Error(`the demo ended with ${code}`)));
  });
}

async function photograph(url: string): Promise<void> {
  const browser = await chromium.launch({ executablePath, args: [...chromiumFlags] });
  const range = '?from=now-5m&to=now';
  const shots = [
    { name: 'services', path: `d/obsctl-services${range}`, scheme: 'light' },
    { name: 'logs', path: `d/obsctl-logs${range}`, scheme: 'dark' },
    { name: 'machine', path: `d/obsctl-machine${range}`, scheme: 'light' },
    { name: 'gateway', path: `d/obsctl-gateway${range}`, scheme: 'dark' },
  ] as const;
  for (const { name, path, scheme } of shots) {
    const page = await browser.newPage({
      viewport: { width: 1280, height: 800 },
      colorScheme: scheme,
    });
    await page.goto(`${url}${path}`);
    await page.waitForTimeout(6_000);
    await page.screenshot({ path: join(folder, `${name}.png`) });
    await page.close();
  }
  await browser.close();
}
