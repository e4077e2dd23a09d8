import { Switch } from "@/components/form";
import { Tag } from "@/components/layout";
import { useMay } from "@/shell/session";
import { usePause } from "../usePause";

interface Props {
  name: string;
  paused: boolean;
}

/** Whether the triggers of a pipeline start runs. It moves at once, and back if the host says no. */
export function PauseSwitch({ name, paused }: Props) {
  const mayOperate = useMay("operator");
  const change = usePause(name);
  if (!mayOperate) return paused ? <Tag>paused</Tag> : <span className="text-muted">on</span>;
  const on = change.isPending ? !change.variables : !paused;
  return (
    <span className="relative flex items-center gap-2">
      <Switch
        checked={on}
        onChange={(checked) => change.mutate(!checked)}
        disabled={change.isPending}
        label={`${on ? "Pause" : "Resume"} ${name}`}
      />
      <span className="text-xs text-muted" aria-hidden>
        {on ? "on" : "paused"}
      </span>
    </span>
  );
}
