/** Which client addresses may connect: networks as CIDR, IPv4 and IPv6. */
import { BlockList, isIP } from 'node:net';

/** More than that is a firewall's work. */
export const networksMax = 1000;

export type Networks = { readonly has: (address: string | undefined) => boolean };

/** `10.0.0.0/8` or one address; undefined when it is neither. */
function parseNetwork(
  text: string,
):
  | { readonly address: string; readonly bits: number; readonly family: 'ipv4' | 'ipv6' }
  | undefined {
  const match = /^([0-9a-fA-F:.]+)(?:\/(\d{1,3}))?$/.exec(text);
  const address = match?.[1] ?? '';
  const version = isIP(address);
  if (version === 0) return undefined;
  const bitsMax = version === 4 ? 32 : 128;
  const bits = match?.[2] === undefined ? bitsMax : Number(match[2]);
  if (bits > bitsMax) return undefined;
  return { address, bits, family: version === 4 ? 'ipv4' : 'ipv6' };
}

export function isNetwork(text: string): boolean {
  return parseNetwork(text) !== undefined;
}

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
