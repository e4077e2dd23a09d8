import { useQuery } from "@tanstack/react-query";
import clsx from "clsx";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Api } from "@/api/client";
import { queries } from "@/api/queries";
import { FindBar } from "@/components/FindBar";
import { Failure, Loading } from "@/components/feedback";
import { Select } from "@/components/form";
import { usePreferences } from "@/shell/preferences";
import type { LogChoice } from "./choice";
import { type LogSource, type LogState, readAll } from "./follow";
import { LogList, type LogListHandle } from "./LogList";
import { NoLines, Remarks } from "./LogRemarks";
import { LogTools } from "./LogTools";
import { filterLines, LEVEL_WORDS, LEVELS, type Line, stepsOf } from "./lines";
import { useLog } from "./useLog";
import { useMatches } from "./useMatches";

interface Props extends LogSource {
  /** The run goes on: lines may come. */
  live: boolean;
  /** What is looked at; without a callback, the view keeps it itself. */
  choice?: LogChoice | undefined;
  /** Changes some of it; what is `undefined` goes. */
  onChoice?: ((change: LogChoice) => void) | undefined;
  className?: string;
}

/** The log of a run, a step, an item, or one attempt. It fills what it stands in, which needs a height. */
export function LogView(props: Props) {
  const { run, step, item, attempt } = props;
  // Another log is another view.
  return <View key={[run, step, item, attempt].join("/")} {...props} />;
}

function View({ live, choice, onChoice, className, ...source }: Props) {
  const [own, setOwn] = useState<LogChoice>({});
  const change = onChoice ?? ((change: LogChoice) => setOwn((before) => ({ ...before, ...change })));
  const log = useLog(source, live);
  const { data: detail } = useQuery(queries.run(source.run));
  return (
    <div className={clsx("@container flex min-h-80 flex-1 flex-col bg-surface", className)}>
      {log.standing === "failed" ? (
        <Failure error={log.error} retry={log.retry} />
      ) : log.standing === "loading" ? (
        <Loading />
      ) : log.lines.length === 0 ? (
        <NoLines detail={detail} source={source} live={log.standing !== "ended"} />
      ) : (
        <Lines
          log={log}
          detail={detail}
          source={source}
          choice={onChoice ? (choice ?? {}) : own}
          onChoice={change}
        />
      )}
    </div>
  );
}

interface LinesProps {
  log: LogState;
  detail: Api<"RunDetail"> | undefined;
  source: LogSource;
  choice: LogChoice;
  onChoice: (change: LogChoice) => void;
}

function Lines({ log, detail, source, choice, onChoice }: LinesProps) {
  const { run, step } = source;
  const withStep = step === undefined;
  const only = withStep ? choice.only : undefined;
  const live = log.standing !== "ended";
  const lines = useMemo(
    () => filterLines(log.lines, { level: choice.level, step: only }),
    [log.lines, choice.level, only],
  );
  // Those that the view had no room for are asked for again.
  const allLines = async () =>
    log.gone > 0 ? filterLines(await readAll(source), { level: choice.level, step: only }) : lines;
  const list = useRef<LogListHandle>(null);
  const [follow, setFollow] = useState(live && choice.line === undefined);
  const [wrap, setWrap] = useState(true);
  const [sinceStart, setSinceStart] = useState(usePreferences().times === "relative");
  const show = useCallback((at: number) => {
    setFollow(false);
    list.current?.show(at);
  }, []);
  const matches = useMatches(
    lines,
    choice.find,
    (find) => onChoice({ find }),
    show,
    choice.line !== undefined,
  );
  const isLost = useChosenLine(lines, choice.line, show);

  // Lines are many, and do not change: what they are given does not, either.
  const latest = useRef({ choice, onChoice });
  latest.current = { choice, onChoice };
  const choose = useCallback(({ id }: Line) => {
    const { choice, onChoice } = latest.current;
    onChoice({ line: choice.line === id ? undefined : id });
  }, []);

  return (
    <>
      <div className="flex min-h-10 flex-wrap items-center gap-x-2 gap-y-1 border-b px-4 py-1">
        <FindBar
          label="Find in the log"
          text={matches.text}
          onText={matches.setText}
          matches={matches.count}
          at={matches.at}
          onAt={matches.setAt}
        />
        <Filters log={log} choice={choice} onChoice={onChoice} withStep={withStep} />
        <LogTools
          lines={lines}
          allLines={allLines}
          withStep={withStep}
          name={`${step ?? "run"}-${run}.log`}
          live={live}
          follow={follow}
          onFollow={setFollow}
          wrap={wrap}
          onWrap={setWrap}
          sinceStart={sinceStart}
          onSinceStart={setSinceStart}
        />
      </div>
      <LogList
        handle={list}
        lines={lines}
        start={sinceStart ? new Date(detail?.run.created_at ?? log.lines[0]?.at ?? 0).getTime() : undefined}
        withStep={withStep}
        wrap={wrap}
        find={matches.find}
        current={matches.find === "" ? undefined : matches.current}
        chosen={choice.line}
        onChoose={choose}
        follow={follow && live}
        onFollow={setFollow}
      />
      <Remarks
        log={log}
        shown={lines.length}
        detail={detail}
        source={source}
        isLost={isLost}
        onAll={() => onChoice({ level: undefined, only: undefined })}
      />
    </>
  );
}

/** Goes to the line that the address means, once it is here. Answers whether it is missing. */
function useChosenLine(lines: Line[], chosen: string | undefined, show: (at: number) => void): boolean {
  const shown = useRef(false);
  const at = useMemo(
    () => (chosen === undefined ? -1 : lines.findIndex(({ id }) => id === chosen)),
    [lines, chosen],
  );
  useEffect(() => {
    if (shown.current || at < 0) return;
    // Once all is laid out, and only at first: a line that is chosen later is seen already.
    const frame = requestAnimationFrame(() => {
      shown.current = true;
      show(at);
    });
    return () => cancelAnimationFrame(frame);
  }, [at, show]);
  return chosen !== undefined && at < 0;
}

interface FiltersProps {
  log: LogState;
  choice: LogChoice;
  onChoice: (change: LogChoice) => void;
  withStep: boolean;
}

function Filters({ log, choice, onChoice, withStep }: FiltersProps) {
  const steps = useMemo(() => (withStep ? stepsOf(log.lines) : []), [withStep, log.lines]);
  return (
    <>
      <div className="w-40 min-w-0">
        <Select
          aria-label="Level"
          value={choice.level ?? ""}
          onChange={(event) => onChoice({ level: LEVELS.find((level) => level === event.target.value) })}
        >
          <option value="">All levels</option>
          {LEVELS.slice(1).map((level) => (
            <option key={level} value={level}>
              {level === "error" ? "Errors" : `From ${LEVEL_WORDS[level]}`}
            </option>
          ))}
        </Select>
      </div>
      {(steps.length > 1 || choice.only !== undefined) && withStep && (
        <div className="w-36 min-w-0">
          <Select
            aria-label="Step"
            value={choice.only ?? ""}
            onChange={(event) => onChoice({ only: event.target.value || undefined })}
          >
            <option value="">All steps</option>
            {choice.only !== undefined && !steps.includes(choice.only) && (
              <option value={choice.only}>{choice.only}</option>
            )}
            {steps.map((step) => (
              <option key={step} value={step}>
                {step}
              </option>
            ))}
          </Select>
        </div>
      )}
    </>
  );
}
