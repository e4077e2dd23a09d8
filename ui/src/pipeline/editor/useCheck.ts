import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Api } from "@/api/client";
import { queries } from "@/api/queries";

/** What is typed waits so long before the host is asked. */
const TYPING_MS = 350;

export interface Check {
  /** Of the text as it was last checked. */
  checked: Api<"CheckedPipeline"> | undefined;
  /** Whether that is the text as it is now. */
  current: boolean;
  error: Error | null;
}

type Modules = Readonly<Record<string, string>> | undefined;

/** Asks the host what is wrong with a text, a moment after it was changed. */
export function useCheck(text: string, modules: Modules): Check {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const asked = settled.trim() !== "";
  const { data, error, isPlaceholderData } = useQuery({
    ...queries.check(settled, modules),
    placeholderData: keepPreviousData,
    enabled: asked,
  });
  return {
    checked: asked ? data : undefined,
    current: !asked || (settled === text && data !== undefined && !isPlaceholderData),
    error: asked ? error : null,
  };
}
