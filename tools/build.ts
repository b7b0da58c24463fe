/**
 * `npm run build [-- DIR]`: emits JavaScript and declarations to `dist/`, because Node strips no
 * types under node_modules. What is not TypeScript (the page's style sheets and markup) is copied
 * beside it; so is the bill of materials, `sbom.cdx.json`. With a folder it puts `dist/` there,
 * together with all else that goes into the package, so that `npm pack` can run in it and the
 * clone stays as it is.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bomOf, readLock } from './sbom.ts';

const root = join(import.meta.dirname, '..');
const folder = resolve(process.argv[2] ?? root);
const dist = join(folder, 'dist');

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
compile();
nameSources();
copyAssets();
const bom = JSON.stringify(bomOf(readLock(root)), null, 2);
writeFileSync(join(dist, 'sbom.cdx.json'), `${bom}\n`);
if (folder !== root) copyPackage();
process.stderr.write(`${dist} is ready; \`npm pack\` makes the package\n`);

function compile(): void {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const args = [compiler, '-p', join(root, 'tsconfig.build.json'), '--outDir', dist];
  const done = spawnSync(process.execPath, args, { stdio: ['ignore', 2, 2] });
  if (done.status !== 0) process.exit(1);
}

/**
 * Source maps carry their sources; the compiler names them by the way to this clone, which is
 * nobody else's business and differs from build to build.
 */
function nameSources(): void {
  for (const path of globSync('**/*.js.map', { cwd: dist })) {
    const file = join(dist, path);
    const map: { sources: string[] } = JSON.parse(readFileSync(file, 'utf8'));
    map.sources = [`obsctl:///${path.replaceAll('\\', '/').replace(/\.js\.map$/, '.ts')}`];
    writeFileSync(file, JSON.stringify(map));
  }
}

function copyAssets(): void {
  for (const path of globSync('dashboards/preview/**/*.{html,css,svg}', { cwd: root })) {
    cpSync(join(root, path), join(dist, path));
  }
  writeFileSync(join(dist, 'package.json'), '{ "type": "module" }\n');
}

/** What `files` of package.json names, and package.json itself. */
function copyPackage(): void {
  const manifest: { files: string[] } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  for (const path of ['package.json', ...manifest.files.filter((name) => name !== 'dist')]) {
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
}
