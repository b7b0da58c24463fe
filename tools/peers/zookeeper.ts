/** Debian's ZooKeeper 3.8: a real coordination ensemble for replicated tables. */
import { execFileSync } from 'node:child_process';
import { unpack, unpackedProgram } from './debian.ts';
import type { Peer } from './peer.ts';

const name = 'zookeeper';

export const zookeeper: Peer = {
  name,
  required: true,
  purpose: "Debian's ZooKeeper, that replicated tables of real engines agree by",
  minutes: 1,
  megabytes: 20,
  // Its jars alone: its own package would want users, a service and a desktop's Java.
  steps: unpack(name, [
    ...['libzookeeper-java=3.8.*', 'libnetty-java', 'libslf4j-java', 'libsnappy-java'],
    'libdropwizard-metrics-java',
  ]),
  // The folder of its jars, where there is a Java to run them.
  find: () => (hasJava() ? unpackedProgram(name, 'usr/share/java') : undefined),
};

function hasJava(): boolean {
  try {
    execFileSync('which', ['java']);
    return true;
  } catch {
    return false;
  }
}
