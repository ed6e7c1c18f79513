import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/** A question before something is done. The browser keeps the focus in it, and Escape closes it. */
export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren }) {
  const { title, onClose, children } = props;
  const element = useRef<HTMLDialogElement>(null);
  const shown = useRef(false);
  // Before anything else happens: a key that is pressed meanwhile belongs to the question.
  useLayoutEffect(() => {
    const dialog = element.current;
    if (dialog && !dialog.open) dialog.showModal();
    shown.current = true;
    return () => {
      shown.current = false;
      dialog?.close();
    };
  }, []);
  return (
    // The browser says so later, when another question may have taken its place.
    <dialog ref={element} aria-labelledby="dialog-title" onClose={() => shown.current && onClose()}>
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}
