// Set-up and start of everything a clone can do. Runs on the machine's own Node, which may be as
// old as 20: installs what the lock file says when it is not there, then hands over to the Node 26
// that came with it.
//
//   node tools/bootstrap.mjs start [ARGS]      obsctl demo
//   node tools/bootstrap.mjs test [ARGS]       every test, or the files named
//   node tools/bootstrap.mjs run FILE [ARGS]   one of the project's own programs
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const nodeBinary = join(root, 'node_modules', 'node', 'bin', 'node');
const stampFile = join(root, 'node_modules', '.obsctl-installed');
const embeddedWanted = process.env.OBSCTL_NO_EMBEDDED !== '1';
/** The engine, the toolchain and room to work. */
const diskBytesMin = 2.5 * 1024 ** 3;

const [verb, ...rest] = process.argv.slice(2);
const programs = {
  start: () => [join(root, 'bin/obsctl'), 'demo', ...rest],
  test: () => ['tools/test.ts', ...rest],
  run: () => rest,
};
if (!(verb in programs)) {
  fail(`unknown verb ${JSON.stringify(verb)}`, 'use start, test or run FILE');
}
refuseWithoutEngine();
install();
handOver(programs[verb]());

/** Installs from the lock file when what is there was not made from this lock file. */
function install() {
  const wanted = stamp();
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted && runs()) return;
  refuseBeforeDownload();
  refuseThroughLink();
  talk('installing the packages of package-lock.json (about 1 GB on disk, once) …');
  npm(['ci', '--no-audit', '--no-fund', ...(embeddedWanted ? [] : ['--omit=optional'])]);
  if (!runs()) addNode();
  if (embeddedWanted) addEngine();
  writeFileSync(stampFile, wanted);
}

/** What an installation depends on; a change of any part means to install again. */
function stamp() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const digest = createHash('sha256').update(lock).digest('hex');
  return `${digest} ${process.platform}-${process.arch} embedded=${embeddedWanted}\n`;
}

function runs() {
  if (!existsSync(nodeBinary)) return false;
  return spawnSync(nodeBinary, ['--version']).status === 0;
}

/** Without the embedded engine the demo needs a server: said before anything is installed. */
function refuseWithoutEngine() {
  const asks = rest.some((word) => /^(--clickhouse(=.*)?|--help|-h)$/.test(word));
  if (verb !== 'start' || embeddedWanted || asks) return;
  fail(
    'OBSCTL_NO_EMBEDDED=1 is set, so there is no ClickHouse to start',
    'give a server: npm start -- --clickhouse http://host:8123, or unset OBSCTL_NO_EMBEDDED',
  );
}

/** Says what cannot work here before anything large is fetched. */
function refuseBeforeDownload() {
  const [major] = process.versions.node.split('.').map(Number);
  if (major < 20) fail(`this is Node ${process.versions.node}`, 'install Node 20 or newer');
  if (!embeddedWanted) return;
  const musl =
    process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime;
  if (process.platform === 'win32' || musl) {
    fail(
      `the embedded ClickHouse does not run on ${musl ? 'musl' : 'Windows'}`,
      'set OBSCTL_NO_EMBEDDED=1 and give a server: npm start -- --clickhouse URL',
    );
  }
  const disk = statfsSync(root);
  if (disk.bavail * disk.bsize < diskBytesMin) {
    fail(
      `only ${Math.round((disk.bavail * disk.bsize) / 1e6)} MB are free here`,
      'free 2.5 GB, or set OBSCTL_NO_EMBEDDED=1 and give a server: npm start -- --clickhouse URL',
    );
  }
}

/** npm would empty the folder that the link leads to, which another checkout works with. */
function refuseThroughLink() {
  const folder = join(root, 'node_modules');
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  fail(
    'node_modules is a link, and what it leads to was not made from this package-lock.json',
    'remove the link, or install where it leads to from the same lock file',
  );
}

/** Where install scripts are off, the `node` package is empty: put the platform's package in. */
function addNode() {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const version = manifest.devDependencies.node;
  talk(`install scripts are off: adding ${name}@${version} itself …`);
  npm([
    'install',
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    `${name}@${version}`,
  ]);
  const binary = join(root, 'node_modules', name, 'bin', 'node');
  spawnSync('mkdir', ['-p', dirname(nodeBinary)]);
  spawnSync('ln', ['-sf', binary, nodeBinary]);
  if (!runs()) fail(`${name}@${version} does not start`, 'report the platform');
}

/** The engine's package of this platform, should the lock file not carry it. */
function addEngine() {
  const suffix =
    process.platform === 'linux' ? `linux-${process.arch}-gnu` : `darwin-${process.arch}`;
  const name = `@chdb/lib-${suffix}`;
  if (existsSync(join(root, 'node_modules', name))) return;
  const chdb = JSON.parse(readFileSync(join(root, 'node_modules/chdb/package.json'), 'utf8'));
  const version = chdb.optionalDependencies?.[name];
  if (version === undefined) return talk(`no embedded engine for ${suffix}: use --clickhouse URL`);
  talk(`adding the embedded engine ${name}@${version} …`);
  npm(['install', '--no-save', '--no-audit', '--no-fund', `${name}@${version}`]);
}

function npm(args) {
  const done = spawnSync('npm', args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (done.status !== 0)
    fail(`npm ${args[0]} ended with ${done.status}`, 'read what npm said above');
}

/** Runs the program in the foreground; a signal to us is a signal to it. */
function handOver(args) {
  const child = spawn(nodeBinary, args, {
    cwd: verb === 'start' ? (process.env.INIT_CWD ?? root) : root,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${dirname(nodeBinary)}:${process.env.PATH}` },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // A terminal signals the child as well; a second copy would reach it in the middle of its end.
    // This is for a kill of this process alone.
    process.on(signal, () => setTimeout(() => child.kill(signal), 100));
  }
  child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 130));
}

function talk(text) {
  process.stderr.write(`obsctl: ${text}\n`);
}

function fail(what, next) {
  process.stderr.write(`OBS-1005: ${what}\n  next: ${next}\n`);
  process.exit(2);
}
