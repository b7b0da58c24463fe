/**
 * What a remote-write request holds, without storing it: the answer to one that comes again, whose
 * sender is told the same counts as the first time (PRW2-4). The request was stored whole.
 *
 * Allocations: a closure a list. Copies: none. Owner: nobody. Not watched by a bench of its own: it
 * runs for resends only.
 */
import type { Written } from '../../answer.ts';
import { readLength, readTag, skipField, word } from '../wire.ts';
import { readExemplarTime } from './exemplars.ts';
import { tagsOfV2 } from './series-target.ts';

const seriesTag = 0x2a;
const samplesTag = 0x12;
const time = new Int32Array(2);

/** Counts in an io.prometheus.write.v2.Request. */
export function countWritten(source: Uint8Array): Written {
  const written = { samples: 0, histograms: 0, exemplars: 0 };
  eachField(source, 0, source.length, seriesTag, (start, end) => {
    eachField(source, start, end, samplesTag, () => {
      written.samples += 1;
    });
    eachField(source, start, end, tagsOfV2.histograms, () => {
      written.histograms += 1;
    });
    eachField(source, start, end, tagsOfV2.exemplars, (from, to) => {
      // Others are left out, then as now.
      if (readExemplarTime(time, 0, source, from, to)) written.exemplars += 1;
    });
  });
  return written;
}

function eachField(
  source: Uint8Array,
  from: number,
  end: number,
  tag: number,
  use: (start: number, end: number) => void,
): void {
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    if (word[0] !== tag) {
      at = skipField(source, at, end, word[0]!);
      continue;
    }
    const start = readLength(source, at, end);
    at = start + word[0]!;
    use(start, at);
  }
}
