/** The views that the side bar, the palette and the shortcuts lead to. */

import {
  Blocks,
  House,
  KeyRound,
  type LucideIcon,
  Play,
  ScrollText,
  Settings,
  Timer,
  Users,
  Waypoints,
} from "lucide-react";
import type { Role } from "./session";

export interface View {
  to:
    | "/"
    | "/pipelines"
    | "/runs"
    | "/modules"
    | "/triggers"
    | "/secrets"
    | "/tokens"
    | "/audit"
    | "/settings";
  label: string;
  icon: LucideIcon;
  /** The second key behind `g`. */
  key: string;
  needs?: Role;
}

export const VIEWS: View[] = [
  { to: "/", label: "Home", icon: House, key: "h" },
  { to: "/pipelines", label: "Pipelines", icon: Waypoints, key: "p" },
  { to: "/runs", label: "Runs", icon: Play, key: "r" },
  { to: "/modules", label: "Modules", icon: Blocks, key: "m" },
  { to: "/triggers", label: "Triggers", icon: Timer, key: "t" },
];

export const ADMIN_VIEWS: View[] = [
  { to: "/secrets", label: "Secrets", icon: KeyRound, key: "s" },
  { to: "/tokens", label: "Tokens", icon: Users, key: "k", needs: "admin" },
  { to: "/audit", label: "Audit", icon: ScrollText, key: "a", needs: "admin" },
  { to: "/settings", label: "Settings", icon: Settings, key: "," },
];
