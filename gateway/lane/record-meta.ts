/**
 * What a record's header says about its body. Decoding it again on any later day must give the
 * same rows, so everything that decides them is here. Numbers never change their meaning.
 */
import type { ContentEncoding, ContentType, Submission } from '../answer.ts';
import { noSampling, type Sampling } from '../decode/decode-types.ts';
import type { RecordMeta } from '../wal/wal-types.ts';
import { kindOf, recordKinds } from './seal.ts';

/** Raised when the same bytes would give other rows. */
const decoderVersion = 2;
/** From here on rows have weights: the threshold counts, and the one in a span's tracestate. */
const weightsSinceVersion = 2;
/** A seal depends on no setting. */
const noSettings = 0;

/** Every item has a time of its own, so a repeat of the same bytes can only be a repeat. */
const ownTimesFlag = 1;
/** Errors are kept whatever they drew. */
const keepsErrorsFlag = 2;

export const contentTypes: readonly ContentType[] = [
  'protobuf',
  'json',
  'remote_write_1',
  'remote_write_2',
  'influx',
  'dogstatsd',
];
export const contentEncodings: readonly ContentEncoding[] = [
  'identity',
  'gzip',
  'zstd',
  'deflate',
  'snappy',
];

/**
 * The one setting that decides what is stored is how many days old an item may be, so it is the
 * fingerprint itself. 0, as older versions wrote it, is the decoder's own bound.
 */
export function recordMeta(
  submission: Submission,
  receivedAtNs: bigint,
  decoded: { readonly rejected: number; readonly hasOwnTimes: boolean },
  ageDaysMax: number,
  sampling: Sampling = noSampling,
  origin = '',
): RecordMeta {
  return {
    kind: kindOf(submission.signal),
    receivedAtNs,
    contentType: contentTypes.indexOf(submission.contentType),
    contentEncoding: contentEncodings.indexOf(submission.contentEncoding),
    decoderVersion,
    settingsFingerprint: ageDaysMax,
    samplingThreshold: sampling.threshold,
    flags: (decoded.hasOwnTimes ? ownTimesFlag : 0) | (sampling.keepsErrors ? keepsErrorsFlag : 0),
    rejectedItems: decoded.rejected,
    tenant: headingWith(submission, origin),
  };
}

export function sealMeta(receivedAtNs: bigint): RecordMeta {
  return {
    kind: recordKinds.seal,
    receivedAtNs,
    contentType: 0,
    contentEncoding: 0,
    decoderVersion,
    settingsFingerprint: noSettings,
    samplingThreshold: 0n,
    flags: 0,
    rejectedItems: 0,
    tenant: '',
  };
}

/** Between tenant, parameters and origin in the header's one text: none may hold it. */
const separator = '\0';

/** A tenant and what the rows depend on besides the body, as the record's header holds them. */
export function headedBy(request: Pick<Submission, 'tenant' | 'parameters'>): string {
  const { tenant, parameters = '' } = request;
  return parameters === '' ? tenant : `${tenant}${separator}${parameters}`;
}

/** With `origin`: a digest of the body as it came, when the record's is another one. */
function headingWith(request: Pick<Submission, 'tenant' | 'parameters'>, origin: string): string {
  if (origin === '') return headedBy(request);
  return [request.tenant, request.parameters ?? '', origin].join(separator);
}

export function tenantOf({ tenant }: RecordMeta): string {
  return tenant.split(separator, 1)[0] ?? '';
}

export function parametersOf({ tenant }: RecordMeta): string {
  return tenant.split(separator, 2)[1] ?? '';
}

/** What the body was when it came, by its digest; empty when it is in the record. */
export function originOf({ tenant }: RecordMeta): string {
  return tenant.split(separator, 3)[2] ?? '';
}

export function contentTypeOf(meta: RecordMeta): ContentType | undefined {
  return contentTypes[meta.contentType];
}

export function contentEncodingOf(meta: RecordMeta): ContentEncoding | undefined {
  return contentEncodings[meta.contentEncoding];
}

export function hasOwnTimes(meta: RecordMeta): boolean {
  return (meta.flags & ownTimesFlag) !== 0;
}

/** Which of the record's items became rows; undefined before there were weights. */
export function samplingOf(meta: RecordMeta): Sampling | undefined {
  if (meta.decoderVersion < weightsSinceVersion) return undefined;
  const keepsErrors = (meta.flags & keepsErrorsFlag) !== 0;
  return { threshold: meta.samplingThreshold, keepsErrors };
}

/** How many days old the record's items may be: what it was when the record was answered. */
export function ageDaysMaxOf(meta: RecordMeta): number {
  return meta.settingsFingerprint;
}
