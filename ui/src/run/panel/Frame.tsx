import { Dialog as Radix } from "radix-ui";
import { type KeyboardEvent, type PointerEvent, type ReactNode, useRef } from "react";
import { LEAST, MOST, type PanelWidth } from "./usePanelWidth";

interface Props {
  label: string;
  width: PanelWidth;
  onClose: () => void;
  onKeyDown: (event: KeyboardEvent) => void;
  children: ReactNode;
}

/** Beside the view, as wide as it is dragged; on a phone a sheet above it. */
export function Frame({ label, width, onClose, onKeyDown, children }: Props) {
  const box = useRef<HTMLElement>(null);
  if (width.narrow) {
    return (
      <Radix.Root open onOpenChange={(open) => !open && onClose()}>
        <Radix.Portal>
          <Radix.Overlay className="fixed inset-0 z-40 bg-black/40" />
          <Radix.Content
            aria-describedby={undefined}
            className="fixed inset-x-0 top-16 bottom-0 z-50 flex flex-col overflow-hidden rounded-t-xl border-t bg-surface shadow-2xl"
          >
            <Radix.Title className="sr-only">{label}</Radix.Title>
            {children}
          </Radix.Content>
        </Radix.Portal>
      </Radix.Root>
    );
  }
  return (
    <>
      <Divider width={width} box={box} />
      <aside
        ref={box}
        aria-label={label}
        className="flex min-h-0 min-w-80 shrink-0 flex-col overflow-hidden rounded-lg border bg-surface max-lg:absolute max-lg:top-3 max-lg:right-0 max-lg:bottom-0 max-lg:z-20 max-lg:shadow-xl"
        style={{ width: `${width.percent}%` }}
        onKeyDown={onKeyDown}
      >
        {children}
      </aside>
    </>
  );
}

/** How far a key moves it, in percent. */
const KEY_STEP = 4;

function Divider({ width, box }: { width: PanelWidth; box: React.RefObject<HTMLElement | null> }) {
  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    event.preventDefault();
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const panel = box.current?.getBoundingClientRect();
    const whole = box.current?.parentElement?.clientWidth;
    if (panel && whole) width.set(((panel.right - event.clientX) / whole) * 100);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === "ArrowLeft" ? KEY_STEP : event.key === "ArrowRight" ? -KEY_STEP : 0;
    if (by === 0) return;
    event.preventDefault();
    width.set(width.percent + by);
  };
  return (
    <div
      role="separator"
      aria-orientation="vertical"
      aria-label="Width of the panel"
      aria-valuenow={width.percent}
      aria-valuemin={LEAST}
      aria-valuemax={MOST}
      tabIndex={0}
      className="-mx-3 w-3 shrink-0 cursor-col-resize touch-none rounded hover:bg-hover max-lg:hidden"
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onKeyDown={onKeyDown}
    />
  );
}
