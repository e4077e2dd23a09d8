import { useQueryClient } from "@tanstack/react-query";
import { Outlet } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { Toaster } from "sonner";
import { followHost } from "@/api/live";
import { Loading } from "@/components/feedback";
import { Login } from "./Login";
import { isDark, usePreferences } from "./preferences";
import { Sidebar } from "./Sidebar";
import { useSession } from "./session";
import { useShortcuts } from "./shortcuts";

const Palette = lazy(() => import("./Palette"));
const Help = lazy(() => import("./Help"));

/** The frame of every view; or the login. */
export function Shell() {
  return useSession() ? <Frame /> : <Login />;
}

function Frame() {
  const queries = useQueryClient();
  const [shown, show] = useState<"palette" | "help">();
  usePreferences();
  useEffect(() => followHost(queries), [queries]);
  useShortcuts(show);
  const onOpenChange = (open: boolean) => !open && show(undefined);
  return (
    <div className="flex h-full flex-col md:flex-row">
      <a
        href="#main"
        className="absolute top-2 left-2 z-50 -translate-y-16 rounded-md bg-accent px-3 py-1 text-on-accent focus:translate-y-0"
      >
        Skip to the content
      </a>
      <Sidebar openPalette={() => show("palette")} />
      <main id="main" className="flex min-h-0 min-w-0 flex-1 flex-col" tabIndex={-1}>
        <Suspense fallback={<Loading lines={8} />}>
          <Outlet />
        </Suspense>
      </main>
      <Suspense>
        {shown === "palette" && <Palette onOpenChange={onOpenChange} showHelp={() => show("help")} />}
        {shown === "help" && <Help onOpenChange={onOpenChange} />}
      </Suspense>
      <Toaster position="bottom-right" theme={isDark() ? "dark" : "light"} richColors={false} />
    </div>
  );
}
