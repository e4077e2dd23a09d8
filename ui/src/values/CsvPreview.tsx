import clsx from "clsx";
import { Empty, Failure, Loading } from "@/components/feedback";
import { count } from "@/lib/units";
import { Plain } from "./Plain";
import { ScrollBox } from "./ScrollBox";
import { useCsv } from "./useCsv";
import { visible } from "./visible";

export function CsvPreview({ url, name }: { url: string; name: string }) {
  const { error, retry, table } = useCsv(url);
  if (error) return <Failure error={error} retry={retry} />;
  if (!table) return <Loading />;
  if (table.rows.length === 0 && table.head.length === 0) return <Empty title="The file is empty" />;
  return (
    <>
      <ScrollBox label={name} className="min-h-0 flex-1">
        <table className="border-collapse font-mono text-xs">
          <thead>
            <tr>
              {table.head.map((cell, at) => (
                <th
                  // biome-ignore lint/suspicious/noArrayIndexKey: columns may share a name
                  key={at}
                  scope="col"
                  className={clsx(
                    "sticky top-0 h-8 max-w-80 truncate border-b bg-surface px-2 font-sans font-medium text-muted first:pl-4",
                    table.numeric[at] ? "text-right" : "text-left",
                  )}
                >
                  <Plain text={cell} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {table.rows.map((row, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other name
              <tr key={at} className="hover:bg-hover">
                {row.map((cell, column) => (
                  <td
                    // biome-ignore lint/suspicious/noArrayIndexKey: columns may share a name
                    key={column}
                    className={clsx(
                      "h-7 max-w-80 truncate border-b px-2 first:pl-4",
                      table.numeric[column] && "text-right",
                    )}
                    title={cell.length > 40 ? visible(cell.slice(0, 400)) : undefined}
                  >
                    <Plain text={cell.slice(0, 400)} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
      <p className="border-t px-4 py-2 text-xs text-muted">
        {table.more
          ? `The first ${count(table.rows.length)} rows. Download the file for all of them.`
          : `${count(table.rows.length)} rows`}
      </p>
    </>
  );
}
