/** Sends files. `fetch` cannot tell how far it is. */

import { OfflineError, problem } from "./client";

export interface Upload<T> {
  done: Promise<T>;
  cancel: () => void;
}

interface Sent {
  url: string;
  type: string;
  file: File;
  /** The part of it that has been sent, up to 1; then the host works on it. */
  onProgress: (part: number) => void;
}

/** Posts a file; `T` is what the host answers with a 201. */
export function upload<T>({ url, type, file, onProgress }: Sent): Upload<T> {
  const request = new XMLHttpRequest();
  const done = new Promise<T>((resolve, reject) => {
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.upload.onload = () => onProgress(1);
    request.onload = () => {
      const body = parsed(request.responseText);
      if (request.status === 201) resolve(body as T);
      else reject(problem(request.status, body));
    };
    request.onerror = () => reject(new OfflineError());
    request.onabort = () => reject(new DOMException("The upload was stopped", "AbortError"));
    request.open("POST", url);
    request.setRequestHeader("content-type", type);
    request.send(file);
  });
  return { done, cancel: () => request.abort() };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
