/**
 * The completion scripts in the shells themselves: each is read without a complaint and offers, for
 * a line that is half typed, the words that the program knows there.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeWithPeer } from '../test/support/peer.ts';

const program = join(import.meta.dirname, '../bin/obsctl');

type Shell = {
  readonly name: 'bash' | 'zsh' | 'fish';
  /** Prints what is offered, one a line, for the words of the line; the last is half typed. */
  readonly ask: (file: string, words: readonly string[]) => string;
};

const shells: readonly Shell[] = [
  {
    name: 'bash',
    ask: (file, words) =>
      `source ${file}; COMP_WORDS=(${words.map(quoted).join(' ')}); ` +
      `COMP_CWORD=${words.length - 1}; _obsctl; printf '%s\\n' "\${COMPREPLY[@]}"`,
  },
  {
    name: 'zsh',
    // Its own functions print instead of drawing a menu; they get all words of the place.
    ask: (file, words) =>
      'compdef() { :; }; _files() { :; }; _describe() { print -rl -- $items; }; ' +
      `compadd() { shift; print -rl -- $@; }; source ${file}; ` +
      `words=(${words.map(quoted).join(' ')}); CURRENT=${words.length}; _obsctl`,
  },
  {
    name: 'fish',
    ask: (file, words) => `source ${file}; complete -C ${quoted(words.join(' '))}`,
  },
];

const lines: readonly {
  readonly words: readonly string[];
  readonly offers: readonly string[];
  readonly never: readonly string[];
}[] = [
  { words: ['obsctl', ''], offers: ['render', 'validate', 'upgrade-config'], never: ['preview'] },
  { words: ['obsctl', 'render', '--'], offers: ['--explain', '--only'], never: ['--live'] },
  { words: ['obsctl', 'dashboards', ''], offers: ['preview', 'render'], never: ['validate'] },
  {
    words: ['obsctl', 'validate', '--platform', ''],
    offers: ['openshift', 'gke-autopilot'],
    never: ['render', '--json'],
  },
];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'obsctl-completion-'));
  for (const { name } of shells) {
    const script = execFileSync(process.execPath, [program, 'completion', name]);
    writeFileSync(join(folder, name), script);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function asked({ name, ask }: Shell): void {
  it('is a script that the shell reads without a complaint', () => {
    const { status, stderr } = spawnSync(name, ['-n', join(folder, name)], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it.each(lines)('offers what belongs after “$words”', ({ words, offers, never }) => {
    const script = ask(join(folder, name), words);
    // Without the files of whoever runs the tests.
    const env = { PATH: process.env['PATH'] ?? '', HOME: folder };
    const { stdout, stderr } = spawnSync(name, ['-c', script], { env, encoding: 'utf8' });
    expect(stderr).toBe('');
    const found = stdout.split('\n').map((line) => line.split(/[\t:]/)[0] ?? '');
    expect(found).toEqual(expect.arrayContaining([...offers]));
    expect(found.filter((word) => never.includes(word))).toEqual([]);
  });
}

for (const shell of shells) {
  const { name } = shell;
  const subject = `completion in ${name}`;
  if (name === 'bash') describe(subject, () => asked(shell));
  else describeWithPeer(name, subject, () => asked(shell));
}

function quoted(word: string): string {
  return `'${word}'`;
}
