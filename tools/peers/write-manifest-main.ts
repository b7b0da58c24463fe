/** `write-manifest-main.ts FILE OUTPUT_PATH`: the builder manifest of the Collector 0.149. */
import { writeFileSync } from 'node:fs';
import { peerManifest } from './collector-manifest.ts';

const [file = '', outputPath = ''] = process.argv.slice(2);
writeFileSync(file, peerManifest(outputPath));
