/**
 * What part of a map is seen: fitted until somebody drags or zooms, then left alone. The drawing
 * is larger than its frame by {@link overlapShare} on each side, so that a drag moves a picture
 * that is there already; only when that is used up is it drawn again.
 */
import { useEffect, useRef } from 'preact/hooks';
import type { Layout, Point } from '../graph-layout.ts';

const marginPx = 22;
/** As `.map-svg` in graph.css has it. */
const overlapShare = 0.5;
const scaleMin = 0.1;
const scaleMax = 2.5;
/** Beyond 1 a small map would look like a large one. */
const fitScaleMax = 1.15;
/** Below this the letters of cards are no letters any more. */
const readableScale = 0.5;
/** At which a map begins that is seen in parts. */
const partScale = 0.75;
/** A map that is small enough to be read in parts begins readable, where the trouble is. */
const nodesToReadMax = 30;
const dragPxMin = 4;
/** Room around a card that is brought into sight. */
const sightPx = 60;
const wheelRate = 0.002;

/** The view of `layout`; when only a part fits, the one around the node `trouble`. */
export function useMapView(layout: Layout, trouble: string): MapView {
  const kept = useRef<MapView>(undefined);
  kept.current ??= new MapView();
  const view = kept.current;
  view.layout = layout;
  view.trouble = trouble;
  useEffect(() => {
    const frame = view.svg.current?.parentElement;
    if (!frame) return;
    const watch = new ResizeObserver(() => view.refresh());
    watch.observe(frame);
    frame.addEventListener('wheel', view.onWheel, { passive: false });
    return () => {
      watch.disconnect();
      frame.removeEventListener('wheel', view.onWheel);
    };
  }, [layout]);
  return view;
}

/** Place and scale of the drawing within its frame; touches one transform and never the tree. */
class MapView {
  readonly svg: { current: SVGSVGElement | null } = { current: null };
  readonly content: { current: SVGGElement | null } = { current: null };
  layout: Layout = { places: new Map(), routes: [], width: 0, height: 0 };
  trouble = '';
  #at = { scale: 1, x: 0, y: 0 };
  /** Where the picture was drawn last; a drag moves it from there. */
  #drawn: Point = { x: 0, y: 0 };
  /** Somebody has dragged or zoomed: the view is theirs. */
  #own = false;
  #drag = { active: false, moved: false, x: 0, y: 0 };

  /** Draws anew, for a new layout or another size of the frame. */
  refresh(): void {
    if (this.#own) this.#draw();
    else this.fit();
  }

  fit(): void {
    this.#own = false;
    const { width, height } = this.#frame();
    const { layout } = this;
    if (width === 0 || height === 0) return;
    const wide = (width - 2 * marginPx) / layout.width;
    const fits = Math.min(wide, (height - 2 * marginPx) / layout.height, fitScaleMax);
    const isPart = fits < readableScale && layout.places.size <= nodesToReadMax;
    const scale = Math.max(fits, isPart ? partScale : scaleMin);
    const middle = isPart ? layout.places.get(this.trouble) : undefined;
    this.#at = {
      scale,
      x: startOf(width, layout.width * scale, middle && middle.x * scale),
      y: startOf(height, layout.height * scale, middle && middle.y * scale),
    };
    this.#draw();
  }

  /** Zooms around a point of the frame, its middle by default. */
  zoom(factor: number, point?: Point): void {
    this.#own = true;
    const { width, height } = this.#frame();
    const around = point ?? { x: width / 2, y: height / 2 };
    const { scale, x, y } = this.#at;
    const next = Math.min(Math.max(scale * factor, scaleMin), scaleMax);
    const move = (from: number, to: number): number => to - (to - from) * (next / scale);
    this.#at = { scale: next, x: move(x, around.x), y: move(y, around.y) };
    this.#draw();
  }

  /** Brings a node into sight and gives it the focus. */
  show(id: string): void {
    const place = this.layout.places.get(id);
    if (place === undefined) return;
    const { width, height } = this.#frame();
    const { scale, x, y } = this.#at;
    const inside = (at: number, size: number): number =>
      Math.min(Math.max(at, sightPx), size - sightPx) - at;
    const moveX = inside(place.x * scale + x, width);
    const moveY = inside(place.y * scale + y, height);
    if (moveX !== 0 || moveY !== 0) this.#own = true;
    this.#at = { scale, x: x + moveX, y: y + moveY };
    this.#draw();
    const card = this.svg.current?.querySelector<SVGElement>(`[data-node="${CSS.escape(id)}"]`);
    card?.focus({ preventScroll: true });
  }

  readonly onPointerDown = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    this.#drag = { active: true, moved: false, x: event.clientX, y: event.clientY };
  };

  readonly onPointerMove = (event: PointerEvent): void => {
    const { active, moved, x, y } = this.#drag;
    if (!active || event.buttons === 0) {
      this.#drag.active = false;
      return;
    }
    const [dx, dy] = [event.clientX - x, event.clientY - y];
    if (!moved && Math.hypot(dx, dy) < dragPxMin) return;
    if (!moved) this.svg.current?.setPointerCapture(event.pointerId);
    this.#drag = { active: true, moved: true, x: event.clientX, y: event.clientY };
    this.#own = true;
    this.#at = { ...this.#at, x: this.#at.x + dx, y: this.#at.y + dy };
    this.#slide();
  };

  readonly onPointerUp = (): void => {
    if (this.isDragging()) this.#draw();
    this.#drag.active = false;
  };

  /** Plain scrolling belongs to the page; with a key held it zooms, as in Grafana. */
  readonly onWheel = (event: WheelEvent): void => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const { left, top } = (event.currentTarget as Element).getBoundingClientRect();
    const point = { x: event.clientX - left, y: event.clientY - top };
    this.zoom(Math.exp(-event.deltaY * wheelRate), point);
  };

  isDragging(): boolean {
    return this.#drag.active && this.#drag.moved;
  }

  /** Whether the press that ends with this click was a drag. */
  wasDragged(): boolean {
    return this.#drag.moved;
  }

  #frame(): { readonly width: number; readonly height: number } {
    const box = this.svg.current?.parentElement;
    return { width: box?.clientWidth ?? 0, height: box?.clientHeight ?? 0 };
  }

  #draw(): void {
    const { scale, x, y } = this.#at;
    const { width, height } = this.#frame();
    const [left, top] = [x + width * overlapShare, y + height * overlapShare];
    const transform = `translate(${left} ${top}) scale(${scale})`;
    this.content.current?.setAttribute('transform', transform);
    this.svg.current?.classList.toggle('from-afar', scale < readableScale);
    this.svg.current?.style.removeProperty('transform');
    this.#drawn = { x, y };
  }

  #slide(): void {
    const { width, height } = this.#frame();
    const [dx, dy] = [this.#at.x - this.#drawn.x, this.#at.y - this.#drawn.y];
    if (Math.abs(dx) > width * overlapShare || Math.abs(dy) > height * overlapShare) this.#draw();
    else this.svg.current?.style.setProperty('transform', `translate(${dx}px, ${dy}px)`);
  }
}

/** Where a map of `length` begins in a frame of `size`: with `centre` in the middle, if it may. */
function startOf(size: number, length: number, centre = length / 2): number {
  if (length + 2 * marginPx < size) return (size - length) / 2;
  const last = size - marginPx - length;
  return Math.min(Math.max(size / 2 - centre, last), marginPx);
}
