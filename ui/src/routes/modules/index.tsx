import { useSuspenseQuery } from "@tanstack/react-query";
import { createFileRoute } from "@tanstack/react-router";
import { Blocks } from "lucide-react";
import { queries } from "@/api/queries";
import { Button } from "@/components/Button";
import { Empty } from "@/components/feedback";
import { Code, Page, Panel } from "@/components/layout";
import { SearchField } from "@/components/SearchField";
import { textIn } from "@/lib/address";
import { plural } from "@/lib/units";
import { ModuleTable } from "@/module/ModuleTable";
import { UploadArea } from "@/module/UploadArea";
import { useMay } from "@/shell/session";

interface Search {
  text?: string | undefined;
}

export const Route = createFileRoute("/modules/")({
  validateSearch: ({ text }: Record<string, unknown>): Search => ({ text: textIn(text) }),
  loader: ({ context }) => context.queries.ensureQueryData(queries.modules()),
  component: Modules,
});

function Modules() {
  const { text } = Route.useSearch();
  const navigate = Route.useNavigate();
  const { modules } = useSuspenseQuery(queries.modules()).data;
  const mayUpload = useMay("publisher");
  const find = (text: string | undefined) =>
    navigate({ search: text ? { text } : {}, replace: true, resetScroll: false });
  const wanted = text?.toLowerCase() ?? "";
  const shown = modules.filter(({ name, steps }) => [name, ...steps].some((word) => word.includes(wanted)));
  return (
    <Page title="Modules" facts={modules.length > 0 && `${plural(modules.length, "module")} uploaded`}>
      {mayUpload && <UploadArea />}
      {modules.length > 0 && (
        <search className="flex pb-3" aria-label="Filter modules">
          <SearchField label="Search modules" placeholder="Module or step" text={text} onChange={find} />
        </search>
      )}
      <Panel>
        {modules.length === 0 ? (
          <Empty icon={Blocks} title="No modules yet">
            A module is a component whose functions are steps. <Code>stepmill new NAME</Code> begins one,{" "}
            <Code>stepmill push NAME</Code> builds and uploads it.
          </Empty>
        ) : shown.length === 0 ? (
          <Empty
            title={`No module or step is called ${text}`}
            action={<Button onClick={() => void find(undefined)}>Show all {modules.length}</Button>}
          />
        ) : (
          <ModuleTable modules={shown} />
        )}
      </Panel>
    </Page>
  );
}
