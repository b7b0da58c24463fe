/** A virtual list: only the rows on screen are in the document, however long the list is. */
import {
  elementScroll,
  measureElement,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
} from '@tanstack/virtual-core';
import { useLayoutEffect, useReducer, useRef, useState } from 'preact/hooks';

const overscanRows = 12;

export type VirtualList = Virtualizer<HTMLElement, HTMLElement>;

/** `rowPx` is a guess when rows measure themselves through `measureElement`. */
export function useVirtual(options: {
  readonly count: number;
  readonly rowPx: number;
  readonly keyOf: (index: number) => string | number;
  readonly scroller: { readonly current: HTMLElement | null };
}): VirtualList {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const mounted = useRef(false);
  const [list] = useState(() => new Virtualizer<HTMLElement, HTMLElement>(full()));
  list.setOptions(full());
  useLayoutEffect(() => {
    mounted.current = true;
    const stop = list._didMount();
    return () => {
      mounted.current = false;
      stop();
    };
  }, []);
  useLayoutEffect(() => list._willUpdate());
  return list;

  function full() {
    return {
      count: options.count,
      getScrollElement: () => options.scroller.current,
      estimateSize: () => options.rowPx,
      getItemKey: options.keyOf,
      overscan: overscanRows,
      observeElementRect,
      observeElementOffset,
      scrollToFn: elementScroll,
      measureElement,
      onChange: () => {
        if (mounted.current) redraw(0);
      },
    };
  }
}
