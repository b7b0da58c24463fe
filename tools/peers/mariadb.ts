/** Debian's MariaDB: the server that snapshots are read from, and its client as the judge. */
import { join } from 'node:path';
import { unpack, unpackedProgram } from './debian.ts';
import { type Peer, peersDir } from './peer.ts';

const name = 'mariadb-10.11';

/** The server's libraries that a slim Debian lacks are unpacked beside it. */
const packages = [
  ...['mariadb-server', 'mariadb-server-core', 'mariadb-client-core', 'libmariadb3'].map(
    (one) => `${one}=1:10.11.*`,
  ),
  ...['libaio1', 'liburing2', 'libnuma1', 'libedit2', 'libbsd0', 'libncurses6'],
];

export const mariadb: Peer = {
  name,
  required: true,
  purpose: "Debian's MariaDB 10.11, the source of snapshots, and its client, their judge",
  minutes: 1,
  megabytes: 180,
  steps: unpack(name, packages),
  // The root of what was unpacked, as `test/support/mariadb.ts` starts it.
  find: () => unpackedProgram(name, 'usr/sbin/mariadbd') && join(peersDir, name),
};
