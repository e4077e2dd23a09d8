import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { SearchField } from "./SearchField";

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const field = () => screen.getByRole<HTMLInputElement>("searchbox", { name: "Search runs" });

test("what is typed counts at once, and nothing is no text", async () => {
  const onChange = vi.fn();
  render(<SearchField label="Search runs" placeholder="id" text={undefined} onChange={onChange} />);
  await userEvent.type(field(), " a");
  expect(onChange).toHaveBeenLastCalledWith("a");
  await userEvent.clear(field());
  expect(onChange).toHaveBeenLastCalledWith(undefined);
});

test("where the host is asked, only what is behind a pause counts", () => {
  vi.useFakeTimers();
  const onChange = vi.fn();
  render(<SearchField label="Search runs" placeholder="id" text="" onChange={onChange} pause={250} />);
  fireEvent.change(field(), { target: { value: "a" } });
  vi.advanceTimersByTime(200);
  fireEvent.change(field(), { target: { value: "ab" } });
  vi.advanceTimersByTime(249);
  expect(onChange).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(onChange.mock.calls).toEqual([["ab"]]);
});

test("the slash leads to it, but not from where one types", async () => {
  render(
    <>
      <textarea aria-label="elsewhere" />
      <SearchField label="Search runs" placeholder="id" text="" onChange={vi.fn()} />
    </>,
  );
  await userEvent.type(screen.getByLabelText("elsewhere"), "/");
  expect(document.activeElement).not.toBe(field());
  fireEvent.keyDown(document.body, { key: "/" });
  expect(document.activeElement).toBe(field());
});

test("another address changes it, unless one types in it", () => {
  const { rerender } = render(
    <SearchField label="Search runs" placeholder="id" text="one" onChange={vi.fn()} />,
  );
  rerender(<SearchField label="Search runs" placeholder="id" text="two" onChange={vi.fn()} />);
  expect(field().value).toBe("two");
  field().focus();
  rerender(<SearchField label="Search runs" placeholder="id" text="three" onChange={vi.fn()} />);
  expect(field().value).toBe("two");
});
