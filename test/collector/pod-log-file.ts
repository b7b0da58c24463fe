/** A log file as containerd writes it: parts of long lines, rotation, a tail in the old one. */
import { appendFileSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

export type PodLogFile = {
  readonly file: string;
  /** One line of the application; longer than `partBytes` is written in parts. */
  readonly line: (text: string, partBytes?: number) => void;
  /** The kubelet's rotation; the next line begins a new file. */
  readonly rotate: () => string;
  /** A line into a file that was rotated already. */
  readonly late: (rotated: string, text: string) => void;
};

export type PodLogName = {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly stream?: 'stdout' | 'stderr';
};

let podsMade = 0;
let nanosecond = 0;

export function makePodLog(folder: string, name: PodLogName): PodLogFile {
  podsMade += 1;
  const uid = `00000000-0000-4000-8000-${String(podsMade).padStart(12, '0')}`;
  const directory = join(folder, `${name.namespace}_${name.pod}_${uid}`, name.container);
  mkdirSync(directory, { recursive: true });
  const file = join(directory, '0.log');
  const stream = name.stream ?? 'stdout';
  let rotations = 0;
  return {
    file,
    line: (text, partBytes = 16_384) => {
      const parts: string[] = [];
      for (let at = 0; at < text.length || at === 0; at += partBytes) {
        parts.push(text.slice(at, at + partBytes));
      }
      const written = parts.map((part, index) => {
        const tag = index === parts.length - 1 ? 'F' : 'P';
        return `${timestamp()} ${stream} ${tag} ${part}\n`;
      });
      appendFileSync(file, written.join(''));
    },
    rotate: () => {
      rotations += 1;
      const rotated = `${file}.20260101-00000${rotations}`;
      renameSync(file, rotated);
      return rotated;
    },
    late: (rotated, text) => appendFileSync(rotated, `${timestamp()} ${stream} F ${text}\n`),
  };
}

/** RFC 3339 with nine digits, as containerd writes it; no two lines have the same. */
function timestamp(): string {
  nanosecond += 1;
  const second = new Date().toISOString().slice(0, 19);
  return `${second}.${String(nanosecond).padStart(9, '0')}Z`;
}
