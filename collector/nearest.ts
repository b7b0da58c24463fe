/** The known word that a mistyped one is nearest to. */

/** More letters apart than a third of the word is another word, not a slip. */
const shareOfLettersMax = 1 / 3;
const wordLengthMax = 128;

export function nearestWord(word: string, known: Iterable<string>): string | undefined {
  if (word.length > wordLengthMax) return undefined;
  const bare = plain(word);
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const distance = editDistance(bare, plain(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return bestDistance <= Math.max(1, word.length * shareOfLettersMax) ? best : undefined;
}

/** `k8sattributes` and `k8s_attributes` are the same word to a person. */
function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[_-]/g, '');
}

function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1] ? 0 : 1;
      current.push(
        Math.min(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + same),
      );
    }
    previous = current;
  }
  return previous[right.length]!;
}
