/**
 * A debugger of the smallest kind, by the protocol that editors speak: it starts a program, sets a
 * breakpoint on a line of TypeScript by the source map that the running script names, and says
 * where the program stopped, again by the map.
 */
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { startProgram } from '../support/program.ts';

export type Stop = {
  /** As V8 calls it. */
  readonly functionName: string;
  /** `obsctl:///core/problem.ts`, and the line as it is written there. */
  readonly source: string;
  readonly line: string;
};

type Location = { readonly lineNumber: number; readonly columnNumber: number };
type PlaceInScript = Location & { readonly scriptId: string };

type Message = {
  readonly id?: number;
  readonly method?: string;
  readonly params?: {
    readonly scriptId?: string;
    readonly url?: string;
    readonly sourceMapURL?: string;
    readonly hitBreakpoints?: readonly string[];
    readonly callFrames?: readonly {
      readonly functionName: string;
      readonly location: PlaceInScript;
    }[];
  };
};

const stopMsMax = 30_000;

/** `line` is a part of the line's text; the breakpoint is on the first such line of `source`. */
export async function stopAt(
  words: readonly string[],
  place: { readonly source: string; readonly line: string },
): Promise<Stop> {
  const program = startProgram(process.execPath, ['--inspect-brk=127.0.0.1:0', ...words]);
  try {
    await program.said('Debugger listening on ws://');
    const address = /ws:\/\/\S+/.exec(program.talk())?.[0] ?? '';
    const socket = new WebSocket(address);
    await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
    try {
      return await session(socket, place);
    } finally {
      socket.close();
    }
  } finally {
    program.killGroup('SIGKILL');
    await program.ended;
  }
}

async function session(
  socket: WebSocket,
  place: { readonly source: string; readonly line: string },
): Promise<Stop> {
  let sent = 0;
  const send = (method: string, params: object = {}): void => {
    sent += 1;
    socket.send(JSON.stringify({ id: sent, method, params }));
  };
  /** By the id of the script. */
  const maps = new Map<string, SourceMap>();
  const stop = new Promise<Stop>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('never stopped')), stopMsMax);
    socket.addEventListener('message', ({ data }) => {
      const { method, params }: Message = JSON.parse(String(data));
      if (method === 'Debugger.scriptParsed' && params?.url?.startsWith('file:') === true) {
        const map = readMap(params.url, params.sourceMapURL ?? '');
        if (map === undefined) return;
        maps.set(params.scriptId ?? '', map);
        const found = generatedOf(map, params.url, place);
        if (found !== undefined) {
          send('Debugger.setBreakpointByUrl', { url: params.url, ...found });
        }
      } else if (method === 'Debugger.paused') {
        const [frame] = params?.callFrames ?? [];
        const map = maps.get(frame?.location.scriptId ?? '');
        if ((params?.hitBreakpoints ?? []).length > 0 && frame !== undefined && map !== undefined) {
          clearTimeout(timer);
          resolve({ functionName: frame.functionName, ...originalOf(map, frame.location) });
        } else send('Debugger.resume');
      }
    });
  });
  send('Runtime.enable');
  send('Debugger.enable');
  // Stops before each script that has a map, so that a breakpoint is in time.
  send('Debugger.setInstrumentationBreakpoint', {
    instrumentation: 'beforeScriptWithSourceMapExecution',
  });
  send('Runtime.runIfWaitingForDebugger');
  return await stop;
}

function readMap(scriptUrl: string, mapUrl: string): SourceMap | undefined {
  if (mapUrl === '' || mapUrl.startsWith('data:')) return undefined;
  return new SourceMap(JSON.parse(readFileSync(new URL(mapUrl, scriptUrl), 'utf8')));
}

function generatedOf(
  map: SourceMap,
  scriptUrl: string,
  place: { readonly source: string; readonly line: string },
): Location | undefined {
  if (!map.payload.sources.includes(place.source)) return undefined;
  const original = map.payload.sourcesContent?.[0]?.split('\n') ?? [];
  const wanted = original.findIndex((text) => text.includes(place.line));
  const generated = readFileSync(new URL(scriptUrl), 'utf8').split('\n');
  for (const [lineNumber, text] of generated.entries()) {
    for (let columnNumber = 0; columnNumber < text.length; columnNumber += 1) {
      const entry = map.findEntry(lineNumber, columnNumber);
      if ('originalLine' in entry && entry.originalLine === wanted) {
        return { lineNumber, columnNumber };
      }
    }
  }
  return undefined;
}

function originalOf(map: SourceMap, location: Location): Pick<Stop, 'source' | 'line'> {
  const entry = map.findEntry(location.lineNumber, location.columnNumber);
  if (!('originalLine' in entry)) return { source: '', line: '' };
  const lines = map.payload.sourcesContent?.[0]?.split('\n') ?? [];
  return { source: entry.originalSource, line: (lines[entry.originalLine] ?? '').trim() };
}
