/**
 * Where everything lies in the module's memory, which never grows. Read by both sides: the
 * assembly and the TypeScript around it. All places are in bytes.
 *
 * Numbers alone: no allocations, no copies. What they cost shows in `decode.bench.ts`.
 */

/** Rows of one run, and elements (attributes) of all of them. */
export const rowsMax = 512;
export const elementsMax = 16384;
/** Distinct strings of one dictionary in one run; slots are a power of two, at most 1/4 full. */
export const entriesMax = 1024;
export const slotsCount = 4096;
/** Bytes of a body that are looked at in one go. */
export const windowBytes = 524288;
/** Strings of one column in one run. */
export const valuesBytes = 1048576;
/** Bytes that short copies may write behind what they copy. */
export const slack = 64;

/** Numbers that go in and out, by {@link inLow} and the like, four bytes each. */
export const wordsAt = 1024;
/** First and last time that rows may have, low and high half. */
export const inFirstLow = 0;
export const inFirstHigh = 1;
export const inLastLow = 2;
export const inLastHigh = 3;
/** Seed of the dictionaries' hash. */
export const inSeedLow = 4;
export const inSeedHigh = 5;
/** What a run gave: rows, why it ended, elements, entries of both dictionaries. */
export const outRows = 8;
export const outReason = 9;
export const outElements = 10;
export const outKeys = 11;
export const outNames = 12;
/** Ends of the strings of each column of text, in the order of {@link textAt}. */
export const outTexts = 16;

/** Why a run ended. */
export const reasonEnd = 0;
/** The next item has a form that only the TypeScript decoder knows. */
export const reasonOdd = 1;
/** The next item does not end in the window. */
export const reasonShort = 2;
/** There is no more room for rows, elements, strings or entries. */
export const reasonFull = 3;

/** Names of severities 1 to 24: a length, then up to seven bytes. */
export const severitiesAt = 2048;

/** Two dictionaries, keys of attributes and names: five tables of entries, then the slots. */
export const tableBytes = entriesMax * 4;
export const dictionaryBytes = tableBytes * 5 + slotsCount * 4;
export const keysAt = 4096;
export const namesAt = keysAt + dictionaryBytes;

/** Elements: the key of each, and where the elements of each row end. */
export const elementKeysAt = namesAt + dictionaryBytes;
export const offsetsAt = elementKeysAt + elementsMax * 4 + slack;

/** Columns of fixed width, wide enough for what either signal puts there. */
export const timeAt = offsetsAt + rowsMax * 4 + slack;
export const time2At = timeAt + rowsMax * 8 + slack;
export const idsAt = time2At + rowsMax * 8 + slack;
export const ids2At = idsAt + rowsMax * 33 + slack;
export const nameIdsAt = ids2At + rowsMax * 17 + 32 + slack;
export const wordsFlagsAt = nameIdsAt + rowsMax * 4 + slack;
export const dropped1At = wordsFlagsAt + rowsMax * 4 + slack;
export const dropped2At = dropped1At + rowsMax * 4 + slack;
export const dropped3At = dropped2At + rowsMax * 4 + slack;
export const byte1At = dropped3At + rowsMax * 4 + slack;
export const byte2At = byte1At + rowsMax + slack;
export const byte3At = byte2At + rowsMax + slack;

/** Columns of text: the values of attributes, then up to four more. */
export const textCount = 5;
export const textStride = valuesBytes + slack;
export const textAt = byte3At + rowsMax + slack;

/** The window into the body. */
export const windowAt = textAt + textCount * textStride + slack;
export const memoryBytes = windowAt + windowBytes + slack;
/** Pages of 64 KiB. */
export const memoryPages = 91;
