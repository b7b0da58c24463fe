/**
 * The house rules that a machine can hold (house.md's walls, the style page), as findings over the
 * text of the tracked files. `tidy.test.ts` turns them into a test; `npm run check` runs that.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

export type Finding = { readonly rule: string; readonly place: string; readonly text: string };

export type SourceFile = { readonly path: string; readonly text: string };

/** Which room may import which (house, section 2). A `/` narrows to a folder or file. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  stack: ['core', 'config.ts'],
  collector: ['core'],
  presets: ['core', 'collector'],
  k8s: ['core', 'collector'],
  clickhouse: ['core'],
  gateway: ['core', 'clickhouse'],
  jobs: ['core', 'clickhouse', 'dashboards/alerts'],
  dashboards: [
    'core',
    'clickhouse/schema',
    'clickhouse/client.ts',
    // Names alone, of what others send.
    'gateway/telemetry/catalog.ts',
    'presets/control-plane/metrics.ts',
    'presets/cni/metrics.ts',
  ],
  cli: [
    'core',
    'stack',
    'collector',
    'presets',
    'k8s',
    'clickhouse',
    'gateway',
    'jobs',
    'dashboards',
  ],
};

const linesMax = 400;
const columnsMax = 100;
const filesWithoutReadmeMax = 5;

/** Tracked files and new ones that are not ignored, as they are on disk. */
export function listFiles(root: string): readonly string[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root });
  return listed
    .toString()
    .split('\n')
    .filter((path) => path !== '' && existsSync(join(root, path)));
}

export function readSources(root: string, paths: readonly string[]): readonly SourceFile[] {
  return paths
    .filter((path) => path.endsWith('.ts') && !path.includes('testdata/'))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

export function checkWalls(file: SourceFile): readonly Finding[] {
  const room = file.path.split('/')[0] ?? '';
  const allowed = mayImport[room];
  const findings: Finding[] = [];
  for (const specifier of importsOf(file.text)) {
    if (!specifier.startsWith('.')) {
      continue;
    }
    const target = relative('.', resolve(dirname(file.path), specifier));
    const place = `${file.path} -> ${target}`;
    if (!/\.(ts|mjs|json)$/.test(specifier)) {
      findings.push({ rule: 'imports name a file with its .ts ending', place, text: specifier });
    }
    if (isTest(file.path) || isBench(file.path) || allowed === undefined) continue;
    if (target.split('/').at(-1) === 'main.ts' || (room !== 'cli' && target.startsWith('cli/'))) {
      findings.push({ rule: 'nothing imports cli or a main.ts', place, text: specifier });
    }
    if (target.startsWith(`${room}/`)) continue;
    const open = allowed.some((rule) =>
      rule === 'config.ts'
        ? target.endsWith('/config.ts')
        : target === rule || target.startsWith(`${rule}/`),
    );
    if (!open) findings.push({ rule: `${room}/ may not import this room`, place, text: specifier });
  }
  return findings;
}

/** Of DogStatsD everything but what runs it: aggregation and wrapping need no socket, no timer. */
const pureRooms =
  /^(gateway\/decode|clickhouse\/native|gateway\/dogstatsd)\/(?!run\/|load-wrapper\.ts)/;

/** Walls inside the gateway and the pure rooms. */
export function checkInnerWalls(file: SourceFile): readonly Finding[] {
  if (isTest(file.path) || /\.(bench|fuzz)\.ts$/.test(file.path)) return [];
  const findings: Finding[] = [];
  const imports = importsOf(file.text);
  const place = file.path;
  if (
    place.startsWith('gateway/wal/') &&
    imports.some((text) => /decode|deliver|clickhouse/.test(text))
  ) {
    findings.push({ rule: 'gateway/wal knows nothing of OTLP or ClickHouse', place, text: '' });
  }
  if (pureRooms.test(place)) {
    const impure = imports.find((text) =>
      /^node:(fs|net|http|https|http2|worker|child)/.test(text),
    );
    if (impure !== undefined || /core\/clock/.test(imports.join(' '))) {
      findings.push({
        rule: 'this room is pure: no I/O, no clock',
        place,
        text: impure ?? 'clock',
      });
    }
  }
  return findings;
}

const bannedOutsidePrograms: readonly (readonly [RegExp, string])[] = [
  [/\bprocess\.(env|exit|exitCode)\b/, 'process.env and process.exit belong in main.ts'],
  [/\bconsole\.\w+\(/, 'console belongs in cli/output and main.ts'],
  [/\bDate\.now\(|\bnew Date\(\)/, 'the clock is passed in (core/clock.ts)'],
  [/\bset(Timeout|Interval)\(/, 'timers are passed in (core/clock.ts)'],
];

/** Programs, and what runs in a browser or only in tests. */
const programFiles: readonly RegExp[] = [
  /(^|\/)(main|[\w-]+-main)\.ts$/,
  /^core\/clock\.ts$/,
  /^cli\/output\//,
  /^gateway\/telemetry\//,
  /^dashboards\/preview\/page\//,
  /^(tools|test)\//,
  /\.(test|bench|fuzz)\.ts$/,
];

export function checkBannedCalls(file: SourceFile): readonly Finding[] {
  if (programFiles.some((pattern) => pattern.test(file.path))) return [];
  const code = withoutComments(file.text);
  return bannedOutsidePrograms
    .filter(([pattern]) => pattern.test(code))
    .map(([pattern, rule]) => ({ rule, place: file.path, text: String(pattern.exec(code)?.[0]) }));
}

export function checkShape(file: SourceFile): readonly Finding[] {
  const findings: Finding[] = [];
  const lines = file.text.split('\n');
  if (lines.length > linesMax + 1) {
    findings.push({
      rule: `a file has at most ${linesMax} lines`,
      place: file.path,
      text: `${lines.length}`,
    });
  }
  const tables = file.text.includes('biome-ignore format: a table');
  lines.forEach((line, index) => {
    if (line.length > columnsMax && !tables && !/https?:|import .* from/.test(line)) {
      findings.push({
        rule: `a line has at most ${columnsMax} columns`,
        place: `${file.path}:${index + 1}`,
        text: line.trim().slice(0, 60),
      });
    }
  });
  if (!/^(\w|[a-z0-9-])+(\.[a-z0-9]+)*\.ts$/.test(file.path.split('/').at(-1) ?? '')) {
    findings.push({ rule: 'file names are kebab-case nouns', place: file.path, text: '' });
  }
  if (/\b(TODO|FIXME|XXX|HACK)\b/.test(file.text) && !file.path.startsWith('tools/tidy')) {
    findings.push({ rule: 'nothing is left for later in a comment', place: file.path, text: '' });
  }
  return findings;
}

const hotPath =
  /^(gateway\/decode\/(?!.*types)|gateway\/wal\/record|clickhouse\/native\/)[\w/-]*\.ts$/;

export function checkHotPath(file: SourceFile): readonly Finding[] {
  if (!hotPath.test(file.path) || isTest(file.path) || /\.(bench|fuzz)\.ts$/.test(file.path))
    return [];
  const header = file.text.slice(0, file.text.indexOf('*/'));
  const missing = ['llocation', 'bench'].filter((word) => !header.includes(word));
  return missing.map((word) => ({
    rule: 'a hot-path header names its allocations, copies, owner and bench',
    place: file.path,
    text: `the header has no “${word}”`,
  }));
}

export function checkTests(file: SourceFile): readonly Finding[] {
  if (!isTest(file.path)) return [];
  const banned: readonly (readonly [RegExp, string])[] = [
    [/jest\.mock\(|jest\.unstable_mockModule\(/, 'no module mocks: pass the part in'],
    [/\b(it|test|describe)\.only\(/, 'no test may switch the others off'],
    [/\bit\('(works|test|should)\b/, 'a test name states a behaviour'],
  ];
  return banned
    .filter(([pattern]) => pattern.test(file.text))
    .map(([pattern, rule]) => ({
      rule,
      place: file.path,
      text: String(pattern.exec(file.text)?.[0]),
    }));
}

/** Folders with more than five source files explain themselves on one screen. */
export function checkReadmes(paths: readonly string[]): readonly Finding[] {
  const counts = new Map<string, number>();
  for (const path of paths) {
    if (!/\.ts$/.test(path) || isTest(path) || path.includes('testdata/')) continue;
    counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  }
  return [...counts]
    .filter(([folder, count]) => folder !== '.' && count > filesWithoutReadmeMax)
    .filter(([folder]) => !paths.includes(`${folder}/README.md`))
    .map(([folder, count]) => ({
      rule: 'a folder of many files has a README',
      place: folder,
      text: `${count} files`,
    }));
}

/** Every relative link and every file that ARCHITECTURE.md names exists. */
export function checkDocs(root: string, paths: readonly string[]): readonly Finding[] {
  const findings: Finding[] = [];
  for (const path of paths.filter((name) => name.endsWith('.md') && !name.includes('testdata/'))) {
    const text = readFileSync(join(root, path), 'utf8');
    for (const [, link] of text.matchAll(/\]\((?!https?:|#|mailto:)([^)\s#]+)[^)]*\)/g)) {
      if (link !== undefined && !existsSync(join(root, dirname(path), link))) {
        findings.push({ rule: 'every relative link leads somewhere', place: path, text: link });
      }
    }
    if (path !== 'ARCHITECTURE.md') continue;
    for (const [, name] of text.matchAll(/([\w-]+(?:\/[\w.-]+)+\.(?:ts|mjs|md|json|css|html))/g)) {
      if (name !== undefined && !existsSync(join(root, name))) {
        findings.push({ rule: 'ARCHITECTURE.md names files that exist', place: path, text: name });
      }
    }
  }
  return findings;
}

export function checkPrivacy(root: string, paths: readonly string[]): readonly Finding[] {
  const findings: Finding[] = [];
  for (const path of paths) {
    if (/package-lock\.json$|\.(png|zst|gz|bin)$/.test(path) || path.startsWith('tools/tidy'))
      continue;
    const text = readFileSync(join(root, path), 'utf8');
    if (/(^|[^\w.-])\/(work|farm|root)\/[\w.-]+/.test(text)) {
      findings.push({ rule: 'no path of one machine in the project', place: path, text: '' });
    }
  }
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  if (/"resolved": "https?:/.test(lock)) {
    findings.push({
      rule: 'the lock file names no download address',
      place: 'package-lock.json',
      text: '',
    });
  }
  return findings;
}

function importsOf(text: string): readonly string[] {
  const pattern =
    /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]/g;
  return [...text.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? '');
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
}

/** Benches and fuzz targets may use what tests use. */
function isBench(path: string): boolean {
  return /\.(bench|fuzz)\.ts$/.test(path);
}

function isTest(path: string): boolean {
  return path.endsWith('.test.ts');
}
