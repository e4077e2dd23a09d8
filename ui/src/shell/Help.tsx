import { Dialog } from "@/components/Dialog";
import { SHORTCUTS } from "./shortcuts";

export default function Help({ onOpenChange }: { onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog open onOpenChange={onOpenChange} title="Keyboard" wide>
      <div className="grid gap-x-8 gap-y-4 sm:grid-cols-2">
        {SHORTCUTS.map(({ where, keys }) => (
          <section key={where}>
            <h3 className="mb-1 font-semibold">{where}</h3>
            <dl>
              {keys.map(([key, does]) => (
                <div
                  key={key}
                  className="flex items-center justify-between gap-4 border-b py-1.5 last:border-b-0"
                >
                  <dt className="text-muted">{does}</dt>
                  <dd>
                    <kbd className="rounded border bg-sunken px-1.5 py-0.5 font-mono text-xs">{key}</kbd>
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
