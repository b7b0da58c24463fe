/** Datagrams of realistic size for benches and fuzzing: seeded, the same bytes each time. */
import { seededRandom } from '../../../test/support/random.ts';

const linesPerDatagram = 16;
/** Of twenty lines, so many are of each type. */
const mix = ['c', 'c', 'c', 'c', 'c', 'c', 'c', 'c', 'g', 'g', 'g', 'g', 'g', 'ms', 'ms', 'ms', 'ms', 'h', 'd', 's'];
const routes = ['/carts', '/carts/:id', '/orders', '/orders/:id', '/items', '/login', '/search', '/health'];

/**
 * `count` datagrams of 16 lines, about 90 bytes a line, over about `series` series; counters in
 * place of the types in `without`.
 */
export function datagrams(
  count: number,
  series: number,
  seed: number,
  without: readonly string[] = [],
): readonly Uint8Array[] {
  const random = seededRandom(seed);
  const line = (): string => {
    const one = random.below(series);
    const wanted = mix[one % mix.length]!;
    const type = without.includes(wanted) ? 'c' : wanted;
    const instance = Math.floor(one / mix.length);
    const tags = `#env:prod,service:shop,version:1.4.2,route:${routes[instance % 8]},instance:${instance}`;
    const name = `shop.http.${type === 'ms' ? 'duration' : 'requests'}.${one % mix.length}`;
    return `${name}:${valueOf(type)}|${type}${type === 'ms' ? '|@0.5' : ''}|${tags}`;
  };
  const valueOf = (type: string): string => {
    if (type === 'c') return String(1 + random.below(3));
    if (type === 's') return `user-${random.below(1000)}`;
    return (random.below(100_000) / 100).toString();
  };
  return Array.from({ length: count }, () => {
    const lines = Array.from({ length: linesPerDatagram }, line);
    return new Uint8Array(Buffer.from(lines.join('\n')));
  });
}
