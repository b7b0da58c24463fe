/**
 * `npm run peers [NAME…] [-- --yes] [--list]`: gets the programs that tests run against. Shows
 * what will be installed or built, how long it takes and how large it is, and asks first, unless
 * `--yes` is given or `CI=true`.
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { peers } from './peers/list.ts';
import { type Peer, type PeerStep, peersDir } from './peers/peer.ts';

const words = process.argv.slice(2);
const names = words.filter((word) => !word.startsWith('--'));
const unknown = names.filter((name) => !peers.some((peer) => peer.name === name));
if (unknown.length > 0) {
  say(`unknown peer ${unknown.join(', ')}; there are ${peers.map((peer) => peer.name).join(', ')}`);
  process.exit(2);
}
const chosen = peers.filter((peer) => names.length === 0 || names.includes(peer.name));
for (const peer of chosen) describe(peer);
const missing = chosen.filter((peer) => peer.find() === undefined);
if (missing.length > 0 && !words.includes('--list') && (await agreed(missing))) {
  mkdirSync(peersDir, { recursive: true });
  for (const peer of missing) await get(peer);
}

function describe(peer: Peer): void {
  const found = peer.find();
  const state = found === undefined ? 'missing' : 'here';
  say(`${peer.name}: ${state}${peer.required ? ', required in CI' : ''} – ${peer.purpose}`);
  if (found !== undefined) return;
  say(`  about ${peer.minutes} min on two cores, ${peer.megabytes} MB; will run:`);
  for (const step of peer.steps) say(`    ${step.command} ${step.args.join(' ')}`);
}

async function agreed(list: readonly Peer[]): Promise<boolean> {
  if (words.includes('--yes') || process.env['CI'] === 'true') return true;
  if (process.stdin.isTTY !== true) {
    say('nothing was done: say --yes to go on without being asked');
    process.exitCode = 1;
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`get ${list.map((peer) => peer.name).join(', ')}? [y/N] `);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

async function get(peer: Peer): Promise<void> {
  const started = performance.now();
  for (const step of peer.steps) {
    const code = await run(step);
    if (code !== 0) {
      say(`${peer.name}: ${step.command} ended with ${code}`);
      process.exitCode = 1;
      return;
    }
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  say(`${peer.name}: ${peer.find() === undefined ? 'still missing' : 'ready'} after ${seconds} s`);
}

async function run(step: PeerStep): Promise<number> {
  const child = spawn(step.command, step.args, {
    cwd: step.cwd,
    env: { ...process.env, ...step.env },
    stdio: ['ignore', 2, 2],
  });
  return await new Promise((resolve) => {
    child.on('error', () => resolve(127));
    child.on('close', (code) => resolve(code ?? 1));
  });
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
