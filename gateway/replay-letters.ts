/**
 * Dead letters into ClickHouse after whatever refused them was repaired: each once. A letter goes
 * in under a token of its own; rows of its seal are counted before, so that one which went in
 * although its answer was lost is not sent again. Then its receipt is written and it is filed away.
 */
import type { Clock } from '../core/clock.ts';
import type { EncodedUnit } from './decode/decode-types.ts';
import {
  beginLetter,
  fileLetter,
  letLetterLie,
  readLetterBlock,
  type StoredLetter,
} from './deliver/dead-letter.ts';
import { type Destination, inDoubtRule } from './deliver/destination.ts';
import { receiptRows, receiptTable } from './deliver/receipts.ts';
import type { Shards } from './deliver/shards.ts';
import { type Seal, sealNumber, unitToken } from './lane/seal.ts';

export type ReplayOptions = {
  readonly directory: string;
  readonly shards: Shards;
  readonly clock: Clock;
  /** Only says what would become of each. */
  readonly isDryRun: boolean;
};

export type Replayed = {
  readonly letter: StoredLetter;
  /** `stored` now, `already_there` before; in a dry run `would_be_stored`. */
  readonly outcome: 'stored' | 'already_there' | 'would_be_stored' | 'refused' | 'not_reachable';
  readonly message: string;
};

/** A unit may have several letters, each with rows of its own. */
function tokenTail({ note }: StoredLetter): string {
  return `-letter${(note.part ?? 1) === 1 ? '' : `-${note.part}`}`;
}

export async function replayLetter(
  letter: StoredLetter,
  options: ReplayOptions,
): Promise<Replayed> {
  const { directory } = options;
  const { note } = letter;
  const destination = options.shards.of(note.partition);
  const answer = (outcome: Replayed['outcome'], message = ''): Replayed => ({
    letter,
    outcome,
    message,
  });
  const there = await isThere(letter, destination);
  if (there === 'unknown') return answer('not_reachable', 'its rows could not be counted');
  if (there === 'yes') {
    if (options.isDryRun) return answer('already_there');
    return await finish(letter, options, answer('already_there'));
  }
  const unit = unitOf(letter, await readLetterBlock(directory, letter.name));
  if (options.isDryRun) return await tryOut(letter, unit, options);
  const token = `${unitToken(note.seal, note.table, note.partition)}${tokenTail(letter)}`;
  const wasBegun = await beginLetter(directory, letter.name);
  const sent = await destination.insertUnit(unit, token);
  if (!sent.ok) {
    if (!(sent.ambiguous || wasBegun)) await letLetterLie(directory, letter.name);
    return answer(sent.kind === 'permanent' ? 'refused' : 'not_reachable', sent.message);
  }
  return await finish(letter, options, answer('stored'));
}

async function isThere(
  { note }: StoredLetter,
  destination: Destination,
): Promise<'yes' | 'no' | 'unknown'> {
  if (inDoubtRule(note.table) !== 'seal') return 'no';
  const seal = sealNumber(note.seal);
  const count = await destination.countSeal(note.table, note.partition, seal);
  if (count.known) return count.rows >= note.unitRows ? 'yes' : 'no';
  return count.reason === 'no_column' ? 'no' : 'unknown';
}

async function tryOut(
  letter: StoredLetter,
  unit: EncodedUnit,
  { shards }: ReplayOptions,
): Promise<Replayed> {
  const tag = `replay_${sealNumber(letter.note.seal).toString(16)}`;
  const server = shards.of(letter.note.partition);
  const dry = await server.beginDryRun(letter.note.table, tag);
  if (dry === undefined) {
    return { letter, outcome: 'not_reachable', message: 'the table could not be described' };
  }
  try {
    const sent = await dry.insert(unit.chunks);
    if (sent.ok) return { letter, outcome: 'would_be_stored', message: '' };
    const outcome = sent.kind === 'permanent' ? 'refused' : 'not_reachable';
    return { letter, outcome, message: sent.message };
  } finally {
    await dry.end();
  }
}

/** The receipt has a token of its own too: a second run after a crash writes it no second time. */
async function finish(
  letter: StoredLetter,
  { shards, clock, directory }: ReplayOptions,
  done: Replayed,
): Promise<Replayed> {
  const { note } = letter;
  const { gateway, lane } = note;
  const seal = sealOf(letter);
  const rows = receiptRows(seal, seal.units, { gateway, lane, nowMs: clock.nowMs() });
  const unit = unitToken(note.seal, note.table, note.partition);
  const token = `${unit}-${receiptTable}${tokenTail(letter)}`;
  const sent = await shards.of(note.partition).insertRows(receiptTable, rows, token);
  if (!sent.ok) return { ...done, outcome: 'not_reachable', message: sent.message };
  await fileLetter(directory, letter.name);
  return done;
}

function unitOf({ note }: StoredLetter, block: Buffer): EncodedUnit {
  return {
    table: note.table,
    partition: note.partition,
    rows: note.rows,
    chunks: [block],
    bytes: block.byteLength,
    checksum: '',
    firstEventNs: BigInt(note.firstEventNs),
    lastEventNs: BigInt(note.lastEventNs),
  };
}

/** The seal as far as a receipt tells of it: of this letter's rows alone. */
function sealOf({ note }: StoredLetter): Seal {
  const { table, partition, rows, bytes, firstEventNs, lastEventNs } = note;
  return {
    id: note.seal,
    first: note.firstPosition,
    last: note.lastPosition,
    firstReceivedMs: note.firstReceivedMs,
    ...(note.received !== undefined && { received: note.received }),
    units: [
      {
        ...{ table, partition, rows, bytes, checksum: '' },
        firstEventNs: BigInt(firstEventNs),
        lastEventNs: BigInt(lastEventNs),
      },
    ],
  };
}
