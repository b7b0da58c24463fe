/** The word that somebody probably meant. */

/** Words further away than this share of their length are another word. */
const shareMax = 0.4;
const lengthMax = 64;

/** The known word with the fewest edits to `word`; `undefined` when none is near. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  const wanted = plain(word);
  let best: string | undefined;
  let bestEdits = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const target = plain(candidate);
    const edits = editDistance(wanted, target);
    const allowed = Math.max(1, Math.floor(Math.max(wanted.length, target.length) * shareMax));
    if (edits <= allowed && edits < bestEdits) {
      best = candidate;
      bestEdits = edits;
    }
  }
  return best;
}

/** `podLogs`, `pod-logs` and `pod_logs` are one word to a person. */
function plain(word: string): string {
  return word
    .slice(0, lengthMax)
    .replaceAll(/[-_. ]/g, '')
    .toLowerCase();
}

/** Insertions, deletions, substitutions and swaps of neighbours. */
function editDistance(a: string, b: string): number {
  let older: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let edits = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2];
      if (swapped && a[row - 2] === b[column - 1]) {
        edits = Math.min(edits, (older[column - 2] ?? 0) + 1);
      }
      current.push(edits);
    }
    older = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
