/**
 * Server-sent events of the host. A stream is closed while the page is hidden, since a browser opens only six
 * connections to a host, for all its pages together; it goes on where it was when the page is seen again.
 */

export interface StreamOptions {
  url: string;
  /** Called with the name of an event and its data. */
  onEvent: (name: string, data: string, id: string) => void;
  /** The names of the events. */
  events: string[];
  /** Called when the stream is opened anew and begins where its URL says: not when it is merely connected again. */
  onOpen?: () => void;
  /** Called when the connection is there (again), and when it is lost. */
  onState?: (connected: boolean) => void;
  /** Ends the stream for good; nothing more comes. */
  endsWith?: string;
}

const RETRY_MS = 2_000;

/** Opens a stream; returns what closes it. */
export function openStream({ url, onEvent, events, onOpen, onState, endsWith }: StreamOptions): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;

  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  };
  const open = () => {
    if (ended || source || document.hidden) return;
    const opened = new EventSource(url);
    source = opened;
    onOpen?.();
    opened.onopen = () => onState?.(true);
    opened.onerror = () => {
      onState?.(false);
      // A browser gives up where the answer was an error; we do not.
      if (opened.readyState === EventSource.CLOSED && source === opened) {
        close();
        timer = setTimeout(open, RETRY_MS);
      }
    };
    for (const name of events) {
      opened.addEventListener(name, (event) => {
        const message = event as MessageEvent<string>;
        onEvent(name, message.data, message.lastEventId);
        if (name === endsWith) {
          ended = true;
          close();
        }
      });
    }
  };
  const onVisibility = () => (document.hidden ? close() : open());

  document.addEventListener("visibilitychange", onVisibility);
  open();
  return () => {
    ended = true;
    document.removeEventListener("visibilitychange", onVisibility);
    close();
  };
}
