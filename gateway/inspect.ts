/** What a gateway's data directory holds, read beside a gateway that may be using it. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LetterNote, readLetters } from './deliver/dead-letter.ts';
import { destinationName } from './lane/lane.ts';
import { decodeSeal, recordKinds, type Seal, signalOf } from './lane/seal.ts';
import { lookAtLog } from './wal/look.ts';

export type SeenLane = {
  readonly name: string;
  /** The lane's id in receipts; empty without a log. */
  readonly id: string;
  readonly segments: readonly {
    readonly name: string;
    readonly from: number;
    readonly to: number;
    readonly bytes: number;
  }[];
  readonly spareFiles: number;
  /** Up to there ClickHouse has everything. */
  readonly acknowledged: number;
  readonly end: number;
  /** Behind what is acknowledged, by signal. */
  readonly records: Readonly<Record<'traces' | 'metrics' | 'logs', number>>;
  /** Records of kinds that this version does not know. */
  readonly unknownRecords: number;
  /** Behind what is acknowledged: under way, waiting or parked. */
  readonly seals: readonly Seal[];
  readonly damaged: readonly {
    readonly from: number;
    readonly to: number;
    readonly reason: string;
  }[];
  readonly notes: readonly string[];
};

export type SeenDirectory = {
  readonly gateway: string;
  readonly lanes: readonly SeenLane[];
  readonly deadLetters: readonly LetterNote[];
};

/** Rejects when there is no such directory. */
export async function inspectDirectory(dataDir: string): Promise<SeenDirectory> {
  const names = await laneNames(dataDir);
  const lanes: SeenLane[] = [];
  for (const name of names) lanes.push(await inspectLane(join(dataDir, 'lanes', name), name));
  const letters = await readLetters(join(dataDir, 'dead-letter'));
  const gateway = await readFile(join(dataDir, 'gateway-id'), 'utf8').catch(() => '');
  return { gateway: gateway.trim(), lanes, deadLetters: letters.map(({ note }) => note) };
}

async function laneNames(dataDir: string): Promise<readonly string[]> {
  // Tells a directory that is none from one in which no lane has begun.
  await readdir(dataDir);
  const entries = await readdir(join(dataDir, 'lanes'), { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

async function inspectLane(directory: string, name: string): Promise<SeenLane> {
  const log = await lookAtLog(directory, [destinationName]);
  const acknowledged = log.acknowledged.get(destinationName) ?? 0;
  const records = { traces: 0, metrics: 0, logs: 0 };
  let unknownRecords = 0;
  const seals: Seal[] = [];
  for await (const { meta, body } of log.records(acknowledged)) {
    const signal = signalOf(meta.kind);
    const seal = meta.kind === recordKinds.seal ? decodeSeal(body) : undefined;
    if (signal !== undefined) records[signal] += 1;
    else if (seal === undefined) unknownRecords += 1;
    else if (seal.last > acknowledged) seals.push(seal);
  }
  return {
    name,
    id: log.logId ?? '',
    segments: log.segments.map(({ name: file, header, end, fileBytes }) => ({
      name: file,
      from: header.base,
      to: end,
      bytes: fileBytes,
    })),
    spareFiles: log.spareFiles,
    acknowledged,
    end: log.end,
    records,
    unknownRecords,
    seals,
    damaged: log.damaged,
    notes: log.notes,
  };
}
