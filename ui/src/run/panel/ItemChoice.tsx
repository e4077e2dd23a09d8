import { ChevronLeft, ChevronRight, X } from "lucide-react";
import { useId } from "react";
import { Button, IconButton } from "@/components/Button";
import { Input } from "@/components/form";
import { count } from "@/lib/units";

interface Props {
  total: number;
  item: number | undefined;
  onItem: (item: number | undefined) => void;
}

/** Of a step over items: all of it, or one item. */
export function ItemChoice({ total, item, onItem }: Props) {
  const id = useId();
  const last = total - 1;
  return (
    <div className="flex min-h-10 shrink-0 flex-wrap items-center gap-1 border-b px-4 py-1">
      <label htmlFor={id} className="mr-1 text-muted">
        Item
      </label>
      <IconButton
        label="Previous item"
        icon={ChevronLeft}
        disabled={item === undefined || item <= 0}
        onClick={() => item !== undefined && onItem(item - 1)}
      />
      <Input
        id={id}
        className="tabular w-20!"
        inputMode="numeric"
        autoComplete="off"
        placeholder="all"
        value={item ?? ""}
        onChange={({ target: { value } }) => {
          if (value === "") onItem(undefined);
          else if (/^\d+$/.test(value)) onItem(Math.min(Number(value), Math.max(0, last)));
        }}
      />
      <IconButton
        label="Next item"
        icon={ChevronRight}
        disabled={total === 0 || (item !== undefined && item >= last)}
        onClick={() => onItem(item === undefined ? 0 : item + 1)}
      />
      <span className="tabular ml-1 text-muted">
        {total === 0 ? "there are none" : `of 0 to ${count(last)}`}
      </span>
      {item !== undefined && (
        <Button look="quiet" icon={X} className="ml-auto" onClick={() => onItem(undefined)}>
          All items
        </Button>
      )}
    </div>
  );
}
