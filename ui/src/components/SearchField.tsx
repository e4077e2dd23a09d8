import { Search } from "lucide-react";
import { useEffect, useRef } from "react";
import { isTyping } from "@/shell/shortcuts";
import { Input } from "./form";

interface Props {
  label: string;
  placeholder: string;
  text: string | undefined;
  onChange: (text: string | undefined) => void;
  /** For how long nothing may be typed before it counts, in milliseconds: where the host is asked. */
  pause?: number;
}

/** Searches the list below it. `/` leads to it. */
export function SearchField({ label, placeholder, text = "", onChange, pause = 0 }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    // Another address: the palette or the back button led here.
    if (input.current && document.activeElement !== input.current) input.current.value = text;
  }, [text]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "/" && !isTyping(event.target)) {
        event.preventDefault();
        input.current?.focus();
      }
    };
    window.addEventListener("keydown", onKey);
    return () => {
      window.removeEventListener("keydown", onKey);
      clearTimeout(timer.current);
    };
  }, []);
  const change = (value: string) => onChange(value.trim() || undefined);
  return (
    <span className="relative">
      <Search size={14} className="absolute top-2 left-2.5 text-faint" aria-hidden />
      <Input
        ref={input}
        type="search"
        aria-label={label}
        placeholder={placeholder}
        className="w-56! pl-8!"
        maxLength={200}
        defaultValue={text}
        onChange={({ target: { value } }) => {
          clearTimeout(timer.current);
          if (pause === 0) change(value);
          else timer.current = setTimeout(change, pause, value);
        }}
      />
    </span>
  );
}
