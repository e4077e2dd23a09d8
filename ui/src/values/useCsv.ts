import { useMemo } from "react";
import { csvTable } from "./csv";
import { useFileText } from "./TextPreview";

/** A file of comma-separated values as a table. */
export function useCsv(url: string) {
  const { data, error, refetch } = useFileText(url);
  const table = useMemo(() => data && csvTable(data), [data]);
  return { table, error, retry: () => void refetch() };
}
