/** A rendered system as bytes: one stream for kubectl, or a file a part for Git. */
import { writeStream } from '../../k8s/write.ts';
import { fileMark, type RenderedFile } from './files.ts';
import type { RenderedSystem } from './system.ts';

export function systemStream({ objects }: RenderedSystem): string {
  return writeStream(objects);
}

/** `kubectl apply -f DIR` takes files by name, so namespaces have a number in front. */
export function systemFiles({ parts }: RenderedSystem): readonly RenderedFile[] {
  return parts
    .filter(({ objects }) => objects.length > 0)
    .map(({ name, objects }) => ({
      path: name === 'namespaces' ? '00-namespaces.yaml' : `${name}.yaml`,
      text: `${fileMark}${writeStream(objects)}`,
    }));
}
