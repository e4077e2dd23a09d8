import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useReducer } from "react";
import { type Api, ProblemError } from "@/api/client";
import { upload } from "@/api/upload";
import { address, change, isComponent, next, type Upload } from "./uploads";

/** Modules that are uploaded, and how to upload more. */
export function useUploads() {
  const cache = useQueryClient();
  const [uploads, dispatch] = useReducer(change, []);
  const waiting = next(uploads);

  useEffect(() => {
    if (!waiting) return;
    const { key: of, file } = waiting;
    dispatch({ of, to: { is: "sending", part: 0 } });
    if (!isComponent(file)) {
      const error = new Error(`${file.name} is no component: their files end in .wasm`);
      dispatch({ of, to: { is: "refused", error } });
      return;
    }
    upload<Api<"UploadReport">>({
      url: address(waiting),
      type: "application/wasm",
      file,
      onProgress: (part) => dispatch({ of, to: part < 1 ? { is: "sending", part } : { is: "checking" } }),
    })
      .done.then((report) => dispatch({ of, to: { is: "done", report } }))
      .catch((error: Error) => {
        // The one refusal that names pipelines.
        const breaks = error instanceof ProblemError && error.status === 409 && error.problems.length > 0;
        dispatch({ of, to: { is: "refused", error, breaks } });
      })
      .finally(() => {
        for (const key of ["modules", "pipelines"]) void cache.invalidateQueries({ queryKey: [key] });
      });
  }, [waiting, cache]);

  const add = useCallback(
    (files: FileList | null, name?: string) => dispatch({ add: [...(files ?? [])], name }),
    [],
  );
  const clear = useCallback(() => dispatch({ clear: true }), []);
  const retry = useCallback(
    ({ key: of }: Upload) => dispatch({ of, to: { is: "waiting" }, force: true }),
    [],
  );
  return { uploads, add, retry, clear };
}
