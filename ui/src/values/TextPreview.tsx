import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Empty, Failure, Loading } from "@/components/feedback";
import { bytes, count } from "@/lib/units";
import { MAX_TEXT, type ReadText, readText } from "./files";
import { Plain } from "./Plain";
import { ScrollBox } from "./ScrollBox";

/** How many characters are laid out. */
const SHOWN = 200_000;

/** The text of a file; a file never changes, so it is read once. */
export function useFileText(url: string) {
  return useQuery({
    queryKey: ["file", url],
    queryFn: ({ signal }) => readText(url, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function TextPreview({ url, name }: { url: string; name: string }) {
  const { data, error, refetch } = useFileText(url);
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Loading />;
  if (data.text === "") return <Empty title="The file is empty" />;
  return <Text read={data} name={name} />;
}

function Text({ read, name }: { read: ReadText; name: string }) {
  const text = useMemo(() => read.text.slice(0, SHOWN).replaceAll("\r\n", "\n"), [read]);
  const isCut = read.cut || read.text.length > SHOWN;
  return (
    <>
      <ScrollBox label={name} className="min-h-0 flex-1 px-4 py-2">
        <pre className="font-mono text-xs break-words whitespace-pre-wrap">
          <Plain text={text} />
        </pre>
      </ScrollBox>
      {isCut && (
        <p className="border-t px-4 py-2 text-xs text-muted">
          {read.text.length > SHOWN
            ? `The first ${count(SHOWN)} characters. Download the file for all of it.`
            : `The first ${bytes(MAX_TEXT)}. Download the file for all of it.`}
        </p>
      )}
    </>
  );
}
