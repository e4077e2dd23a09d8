import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { detail, step } from "./fixtures";
import RerunDialog from "./RerunDialog";

const navigate = vi.fn();
vi.mock("@tanstack/react-router", () => ({ useNavigate: () => navigate }));

// The client of the API takes `fetch` as it is when it is made.
const { sent } = vi.hoisted(() => {
  const sent: { url: string; body: string }[] = [];
  const answers = (body: string, status = 200) =>
    new Response(body, { status, headers: { "Content-Type": "application/json" } });
  globalThis.fetch = async (asked) => {
    const request = asked as Request;
    if (request.method === "POST") {
      sent.push({ url: new URL(request.url).pathname, body: await request.text() });
      return answers('{"id":"new"}', 201);
    }
    return answers(
      '{"value":{"$int":"9007199254740993"},"output":{"form":"value","hash":"h","size_bytes":9}}',
    );
  };
  return { sent };
});

beforeEach(() => {
  sent.length = 0;
  navigate.mockReset();
});
afterEach(cleanup);

function show(more: { step?: string } = {}) {
  const run = detail([step("a"), step("b", { state: "failed" })], { state: "failed" });
  run.params = [{ name: "big", value: { form: "value", hash: "h", size_bytes: 9 } }];
  const onClose = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient()}>
      <RerunDialog detail={run} onClose={onClose} {...more} {...(more.step ? { first: "from" } : {})} />
    </QueryClientProvider>,
  );
  return onClose;
}

const start = () => fireEvent.click(screen.getByRole("button", { name: "Start rerun" }));

it("repeats what failed, as it was given", async () => {
  const onClose = show();
  await screen.findByDisplayValue("9007199254740993");
  start();
  await waitFor(() => expect(sent).toHaveLength(1));
  expect(sent[0]).toEqual({
    url: "/api/v1/runs/r/rerun",
    body: '{"failed":true,"from":[],"params":{},"cache":true}',
  });
  await waitFor(() =>
    expect(navigate).toHaveBeenCalledWith(expect.objectContaining({ params: { run: "new" } })),
  );
  expect(onClose).toHaveBeenCalled();
});

it("begins at the step that is looked at, with what was changed, without earlier results", async () => {
  show({ step: "b" });
  fireEvent.change(await screen.findByDisplayValue("9007199254740993"), {
    target: { value: "9007199254740995" },
  });
  fireEvent.click(screen.getByRole("checkbox"));
  start();
  await waitFor(() => expect(sent).toHaveLength(1));
  expect(sent[0]?.body).toBe('{"failed":false,"from":["b"],"params":{"big":9007199254740995},"cache":false}');
});

it("does not send what is no JSON", async () => {
  show();
  fireEvent.change(await screen.findByDisplayValue("9007199254740993"), { target: { value: "{" } });
  start();
  expect(await screen.findByText(/^Not JSON/)).toBeTruthy();
  expect(sent).toHaveLength(0);
});
