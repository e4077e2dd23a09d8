import { Link } from "@tanstack/react-router";
import clsx from "clsx";
import { Command, LogOut, Menu as MenuIcon, Moon, Sun, X } from "lucide-react";
import { useState } from "react";
import { useConnected } from "@/api/live";
import { IconButton } from "@/components/Button";
import { Mark } from "./Mark";
import { ADMIN_VIEWS, VIEWS, type View } from "./navigation";
import { isDark, prefer, usePreferences } from "./preferences";
import { useLogOut, useMay, useSession } from "./session";

export function Sidebar({ openPalette }: { openPalette: () => void }) {
  // On a phone the views are behind a button.
  const [open, setOpen] = useState(false);
  const isAdmin = useMay("admin");
  const shown = ADMIN_VIEWS.filter((view) => view.needs === undefined || isAdmin);
  return (
    <header className="flex shrink-0 flex-col border-b bg-sunken md:w-52 md:border-r md:border-b-0">
      <div className="flex h-12 items-center gap-2 px-4">
        <Link to="/" className="flex-1 rounded-md" aria-label="stepmill, home">
          <Mark />
        </Link>
        <IconButton label="Search and commands (Ctrl K)" icon={Command} onClick={openPalette} />
        <IconButton
          label={open ? "Hide views" : "Show views"}
          icon={open ? X : MenuIcon}
          className="md:hidden"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        />
      </div>
      <div className={clsx("min-h-0 flex-1 flex-col md:flex", open ? "flex" : "hidden")}>
        <nav
          aria-label="Views"
          className="flex min-h-0 flex-1 flex-col gap-0.5 overflow-y-auto px-2 py-1"
          onClick={() => setOpen(false)}
          onKeyDown={() => undefined}
        >
          {VIEWS.map((view) => (
            <ViewLink key={view.to} view={view} />
          ))}
          <hr className="mx-2 my-2" />
          {shown.map((view) => (
            <ViewLink key={view.to} view={view} />
          ))}
        </nav>
        <Footer />
      </div>
    </header>
  );
}

function ViewLink({ view: { to, label, icon: Icon } }: { view: View }) {
  return (
    <Link
      to={to}
      activeOptions={{ exact: to === "/", includeSearch: false }}
      className="flex h-8 items-center gap-2.5 rounded-md px-2 text-muted hover:bg-hover hover:text-text aria-[current=page]:bg-accent-soft aria-[current=page]:font-medium aria-[current=page]:text-accent"
      activeProps={{ "aria-current": "page" }}
    >
      <Icon size={16} aria-hidden />
      {label}
    </Link>
  );
}

function Footer() {
  const session = useSession();
  const logOut = useLogOut();
  usePreferences();
  const dark = isDark();
  return (
    <div className="flex items-center gap-1 border-t px-2 py-2">
      <div className="min-w-0 flex-1 px-2">
        <p className="truncate text-xs font-medium">{session?.name}</p>
        <Connection />
      </div>
      <IconButton
        label={dark ? "Light theme" : "Dark theme"}
        icon={dark ? Sun : Moon}
        onClick={() => prefer({ theme: dark ? "light" : "dark" })}
      />
      <IconButton label="Log out" icon={LogOut} onClick={() => logOut.mutate()} />
    </div>
  );
}

/** Whether what is shown is as it is on the host. */
function Connection() {
  const connected = useConnected();
  const text = connected === undefined ? "Connecting" : connected ? "Live" : "Offline, trying again";
  return (
    <p className="flex items-center gap-1.5 text-xs text-muted" role="status">
      <span
        className={clsx(
          "size-1.5 rounded-full",
          connected ? "bg-succeeded" : connected === false ? "bg-failed" : "bg-faint",
        )}
      />
      {text}
    </p>
  );
}
