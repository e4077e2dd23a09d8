/** The name, with its sign: steps. */
export function Mark() {
  return (
    <span className="flex items-center gap-2 text-base font-semibold tracking-tight">
      <img src="/icon.svg" alt="" width={22} height={22} />
      stepmill
    </span>
  );
}
