/** Lets work that is asked for while it goes on be done once more behind it, instead of beside it. */
export function oneAtATime(work: () => Promise<unknown>): () => void {
  let busy = false;
  let again = false;
  const run = () => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    // A failure is told by who keeps what was asked for.
    void work()
      .catch(() => undefined)
      .finally(() => {
        busy = false;
        if (again) {
          again = false;
          run();
        }
      });
  };
  return run;
}
