/**
 * Repeats the steps of a Dockerfile without Docker: a folder a stage, in which COPY copies and RUN
 * runs. Base images cannot be had here; the caller gives folders that stand for them.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

export type Stage = {
  readonly name: string;
  readonly base: string;
  readonly steps: readonly Step[];
};

type Step = { readonly word: string; readonly rest: string };

export type Image = {
  /** Its root file system. */
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
};

export type BuildOptions = {
  readonly stages: readonly Stage[];
  /** Where the folders of the stages are made. */
  readonly dir: string;
  /** Paths that a COPY without `--from` may take, relative to `context`. */
  readonly context: string;
  readonly contextFiles: readonly string[];
  /** Fills the folder of a stage that stands on an image from outside. */
  readonly base: (image: string, root: string) => void;
  /** True when it did the RUN itself. */
  readonly instead: (command: string, cwd: string) => boolean;
  /** Folder of `node` and `npm`, first on the path of every RUN. */
  readonly path: string;
};

export function parseDockerfile(text: string): readonly Stage[] {
  const lines = text.replaceAll(/\\\n\s*/g, '').split('\n');
  const stages: { name: string; base: string; steps: Step[] }[] = [];
  for (const line of lines) {
    const [, word = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (word === 'FROM') {
      const [, base = '', name = String(stages.length)] =
        /^(?:--platform=\S+\s+)?(\S+)(?:\s+AS\s+(\S+))?$/.exec(rest) ?? [];
      stages.push({ name, base, steps: [] });
    } else if (word !== '') {
      stages.at(-1)?.steps.push({ word, rest });
    }
  }
  return stages;
}

/** Gives the last stage, as an image. */
export function buildImage(options: BuildOptions): Image {
  let image: Image | undefined;
  for (const stage of options.stages) image = buildStage(stage, options);
  if (image === undefined) throw new Error('the Dockerfile has no stage');
  return image;
}

function buildStage(stage: Stage, options: BuildOptions): Image {
  const root = join(options.dir, stage.name);
  mkdirSync(root, { recursive: true });
  options.base(stage.base, root);
  const env: Record<string, string> = {};
  let cwd = root;
  let user = '';
  let entrypoint: readonly string[] = [];
  let command: readonly string[] = [];
  for (const { word, rest } of stage.steps) {
    if (word === 'WORKDIR') {
      cwd = join(root, rest);
      mkdirSync(cwd, { recursive: true });
    } else if (word === 'COPY') copy(rest, root, cwd, options);
    else if (word === 'RUN') run(rest, cwd, options);
    else if (word === 'ENV') {
      const [name = '', value = ''] = rest.split('=');
      env[name] = value;
    } else if (word === 'USER') user = rest;
    else if (word === 'ENTRYPOINT') entrypoint = JSON.parse(rest);
    else if (word === 'CMD') command = JSON.parse(rest);
    else throw new Error(`a step of the Dockerfile that this test cannot repeat: ${word} ${rest}`);
  }
  return { root, env, user, entrypoint, command };
}

function copy(rest: string, root: string, cwd: string, options: BuildOptions): void {
  const words = rest.split(/\s+/);
  const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
  const paths = words.filter((word) => !word.startsWith('--'));
  const target = paths.pop() ?? '.';
  const into = target.startsWith('/') ? join(root, target) : join(cwd, target);
  if (from === undefined) {
    copyContext(paths, into, options);
    return;
  }
  const source = join(options.dir, from);
  const found = paths.flatMap((path) => globSync(path.slice(1), { cwd: source }));
  if (found.length === 0) throw new Error(`COPY ${rest}: there is nothing to copy`);
  for (const path of found) {
    const whole = statSync(join(source, path)).isDirectory() || !target.endsWith('/');
    const place = whole ? into : join(into, basename(path));
    cpSync(join(source, path), place, { recursive: true, verbatimSymlinks: true });
  }
}

function copyContext(paths: readonly string[], into: string, options: BuildOptions): void {
  for (const path of paths) {
    const files = path === '.' ? options.contextFiles : [path];
    for (const file of files) {
      cpSync(join(options.context, file), join(into, path === '.' ? file : basename(file)));
    }
  }
}

function run(command: string, cwd: string, options: BuildOptions): void {
  // It would reach out of the stage's folder into this machine.
  if (/(^|\s)\//.test(command)) throw new Error(`RUN with an absolute path: ${command}`);
  if (options.instead(command, cwd)) return;
  const env = { ...process.env, PATH: `${options.path}:${process.env['PATH']}` };
  const done = spawnSync('sh', ['-ec', command], { cwd, env, encoding: 'utf8' });
  if (done.status === 0) return;
  const where = relative(options.dir, cwd);
  throw new Error(`RUN ${command} in ${where} ended with ${done.status}\n${done.stderr}`);
}

/** Lines of `.dockerignore` that name a file or folder at any depth or a pattern of names. */
export function isIgnored(path: string, ignoreFile: string): boolean {
  const patterns = readFileSync(ignoreFile, 'utf8').split('\n').filter(Boolean);
  const [first = ''] = path.split('/');
  return patterns.some((pattern) =>
    pattern.startsWith('*') ? first.endsWith(pattern.slice(1)) : first === pattern,
  );
}
