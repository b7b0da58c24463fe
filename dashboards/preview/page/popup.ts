/** A small box under its button; closes on a click elsewhere and on Escape. */
import { useEffect, useRef } from 'preact/hooks';
import { type Children, html } from './html.ts';

export function Popup(props: {
  readonly label: string;
  readonly onClose: () => void;
  readonly children?: Children;
  readonly side?: 'left' | 'right';
}) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const previous = document.activeElement;
    box.current?.querySelector<HTMLElement>('input, button, a, [tabindex]')?.focus();
    const onDown = (event: Event) => {
      const target = event.target as Element;
      if (box.current?.parentElement?.contains(target)) return;
      props.onClose();
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      props.onClose();
      if (previous instanceof HTMLElement) previous.focus();
    };
    document.addEventListener('pointerdown', onDown, true);
    document.addEventListener('keydown', onKey, true);
    return () => {
      document.removeEventListener('pointerdown', onDown, true);
      document.removeEventListener('keydown', onKey, true);
    };
  }, []);
  return html`<div ref=${box} class=${`popup ${props.side ?? 'right'}`} role="dialog"
    aria-label=${props.label}>${props.children}</div>`;
}
