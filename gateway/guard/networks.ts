/** Which client addresses may connect: networks as CIDR, IPv4 and IPv6. */
import { BlockList, isIP } from 'node:net';
import { parseNetwork } from './config.ts';

export type Networks = { readonly has: (address: string | undefined) => boolean };

/** An empty list lets everybody in. An IPv4 client of an IPv6 listener counts as IPv4. */
export function networksOf(list: readonly string[]): Networks {
  if (list.length === 0) return { has: () => true };
  const allowed = new BlockList();
  for (const text of list) {
    const network = parseNetwork(text);
    if (network !== undefined) allowed.addSubnet(network.address, network.bits, network.family);
  }
  return {
    has: (address) => {
      if (address === undefined) return false;
      const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
      // A link-local address comes with its interface, which is no part of any network.
      const bare = mapped ?? address.replace(/%.*$/, '');
      return allowed.check(bare, isIP(bare) === 4 ? 'ipv4' : 'ipv6');
    },
  };
}
