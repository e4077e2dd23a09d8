/** A text editor for pipelines. It is large: load it lazily. */

import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentUnit, StreamLanguage } from "@codemirror/language";
import { toml } from "@codemirror/legacy-modes/mode/toml";
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { useEffect, useRef } from "react";
import { type Mark, marksOf, type Problem, positionOf } from "./places";
import { look } from "./theme";

export interface Place {
  line: number;
  column: number;
}

interface Props {
  text: string;
  /** Not given for a text that is only read. */
  onChange?: ((text: string) => void) | undefined;
  problems: readonly Problem[];
  label: string;
  /** Goes there, each time that it is another object. */
  place?: Place | undefined;
  /** Ctrl S. */
  onSave?: (() => void) | undefined;
}

export default function TomlEditor({ text, onChange, problems, label, place, onSave }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const writable = useRef(new Compartment());
  const handlers = useRef({ onChange, onSave });
  handlers.current = { onChange, onSave };
  const begin = useRef({ text, label });

  useEffect(() => {
    if (!box.current) return;
    const created = new EditorView({
      parent: box.current,
      state: EditorState.create({
        doc: begin.current.text,
        extensions: [
          basics,
          writable.current.of([]),
          EditorView.contentAttributes.of({ "aria-label": begin.current.label, tabindex: "0" }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) handlers.current.onChange?.(update.state.doc.toString());
          }),
          keymap.of([
            {
              key: "Mod-s",
              preventDefault: true,
              run: () => {
                handlers.current.onSave?.();
                return true;
              },
            },
          ]),
        ],
      }),
    });
    view.current = created;
    return () => created.destroy();
  }, []);

  const readOnly = onChange === undefined;
  useEffect(() => {
    view.current?.dispatch({ effects: writable.current.reconfigure(readOnly ? fixed : changeable) });
  }, [readOnly]);

  useEffect(() => {
    const editor = view.current;
    // What is typed comes back: only another text is put in.
    if (editor && editor.state.doc.toString() !== text) {
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text } });
    }
  }, [text]);

  useEffect(() => {
    const editor = view.current;
    if (editor) {
      const marks = marksOf(editor.state.doc, problems).map(diagnostic);
      editor.dispatch(setDiagnostics(editor.state, marks));
    }
  }, [problems]);

  useEffect(() => {
    const editor = view.current;
    if (editor && place) {
      const anchor = positionOf(editor.state.doc, place.line, place.column);
      editor.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
      editor.focus();
    }
  }, [place]);

  return (
    <div
      ref={box}
      className="relative h-full min-h-0 overflow-hidden after:pointer-events-none after:absolute after:inset-0 after:z-[250] focus-within:after:outline-2 focus-within:after:-outline-offset-2 focus-within:after:outline-accent"
    />
  );
}

const basics: Extension = [
  lineNumbers(),
  history(),
  drawSelection(),
  bracketMatching(),
  highlightActiveLine(),
  highlightActiveLineGutter(),
  highlightSelectionMatches(),
  search({ top: true }),
  lintGutter(),
  indentUnit.of("  "),
  StreamLanguage.define(toml),
  look,
  // Escape, then Tab leaves the editor, as CodeMirror has it.
  keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap, ...lintKeymap]),
];

const fixed: Extension = [EditorState.readOnly.of(true)];
const changeable: Extension = [keymap.of([indentWithTab])];

function diagnostic({ from, to, severity, message, help }: Mark): Diagnostic {
  return {
    from,
    to,
    severity,
    message,
    renderMessage: () => {
      const words = document.createElement("div");
      words.append(message.slice(0, 1_000));
      if (help) {
        const hint = document.createElement("div");
        hint.className = "cm-help";
        hint.append(help.slice(0, 1_000));
        words.append(hint);
      }
      return words;
    },
  };
}
