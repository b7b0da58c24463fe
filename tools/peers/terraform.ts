/**
 * Terraform, of the version that our modules ask for at least. Where it is not installed its
 * maker's release is taken, after a look at its sum; no provider is: tests have stand-ins.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { existing, type Peer, peersDir } from './peer.ts';

const version = '1.11.4';
const folder = join(peersDir, `terraform-${version}`);
const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
const archive = `terraform_${version}_${process.platform}_${architecture}.zip`;
const releases = `https://releases.hashicorp.com/terraform/${version}`;

export const terraform: Peer = {
  name: 'terraform',
  required: true,
  purpose: 'checks, tests and plans the modules of terraform/, offline',
  minutes: 1,
  megabytes: 120,
  steps: [
    { command: 'mkdir', args: ['-p', folder] },
    { command: 'curl', args: ['-fsSLO', `${releases}/${archive}`], cwd: folder },
    {
      command: 'curl',
      args: ['-fsSLO', `${releases}/terraform_${version}_SHA256SUMS`],
      cwd: folder,
    },
    {
      command: 'sha256sum',
      args: ['--check', '--ignore-missing', `terraform_${version}_SHA256SUMS`],
      cwd: folder,
    },
    { command: 'python3', args: ['-m', 'zipfile', '-e', archive, 'out'], cwd: folder },
    { command: 'chmod', args: ['+x', join('out', 'terraform')], cwd: folder },
    // Last of all, so that an interrupted download is not taken for a whole one.
    { command: 'mv', args: [join('out', 'terraform'), 'terraform'], cwd: folder },
  ],
  find: () => existing(join(folder, 'terraform')) ?? onPath(),
};

/** One that is installed, where it is new enough for write-only arguments. */
function onPath(): string | undefined {
  try {
    const path = execFileSync('which', ['terraform'], { stdio: 'pipe' }).toString().trim();
    const env = { ...process.env, CHECKPOINT_DISABLE: '1' };
    const said = execFileSync(path, ['version', '-json'], { env, stdio: 'pipe' }).toString();
    const [major = 0, minor = 0] = JSON.parse(said).terraform_version.split('.').map(Number);
    return major > 1 || minor >= 11 ? path : undefined;
  } catch {
    return undefined;
  }
}
