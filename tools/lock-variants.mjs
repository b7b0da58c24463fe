// Completes package-lock.json with the platform variants of native packages that npm left out,
// because it records only those it could look up where it ran. Without them `npm ci` calls the
// lock file out of step, and other platforms would install nothing. Run after each `npm install`.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const file = join(dirname(dirname(fileURLToPath(import.meta.url))), 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8'));
const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'openharmony', 'sunos', 'win32'];
const machines = {
  arm64: 'arm64',
  x64: 'x64',
  ia32: 'ia32',
  arm: 'arm',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
  loong64: 'loong64',
};

let added = 0;
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    const parts = name.split('/').at(-1).split('-');
    const os = systems.find((system) => parts.includes(system));
    const target = `node_modules/${name}`;
    const present = target in lock.packages || `${path}/${target}` in lock.packages;
    if (present || (os === undefined && !parts.includes('wasm32'))) continue;
    lock.packages[target] = variant(parts, os, range, entry.dev === true);
    added += 1;
  }
}
lock.packages = Object.fromEntries(
  Object.entries(lock.packages).sort(([left], [right]) => (left < right ? -1 : 1)),
);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`${added} platform variants added\n`);

function variant(parts, os, range, dev) {
  const cpu = Object.keys(machines).find((machine) => parts.includes(machine)) ?? 'wasm32';
  const libc = parts.includes('musl') ? ['musl'] : parts.includes('gnu') ? ['glibc'] : undefined;
  return {
    version: range.replace(/^[\^~]/, ''),
    cpu: [cpu],
    ...(dev ? { dev: true } : {}),
    ...(libc === undefined ? {} : { libc }),
    optional: true,
    ...(os === undefined ? {} : { os: [os] }),
  };
}
