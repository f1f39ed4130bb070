import { beforeEach, expect, test, vi } from "vitest";
import { answers, type Choice, type Question } from "../../src/steps";

type Listener = (value?: unknown) => unknown;

/** A quick pick without a window; what it shows is `items`, what the user does are methods. */
class Input {
  static shown: Input[] = [];
  items: { label: string; choice: Choice }[] = [];
  selectedItems: { label: string; choice: Choice }[] = [];
  buttons: unknown[] = [];
  title = "";
  step = 0;
  visible = false;
  private readonly listeners: Record<string, Listener> = {};

  constructor() {
    Input.shown.push(this);
  }

  onDidChangeValue = (listener: Listener) => (this.listeners.value = listener);
  onDidTriggerButton = (listener: Listener) => (this.listeners.button = listener);
  onDidAccept = (listener: Listener) => (this.listeners.accept = listener);
  onDidHide = (listener: Listener) => (this.listeners.hide = listener);
  dispose = () => {};

  show() {
    this.visible = true;
  }

  hide() {
    this.visible = false;
    this.listeners.hide?.();
  }

  type(text: string) {
    this.listeners.value?.(text);
  }

  back() {
    this.listeners.button?.(this.buttons[0]);
  }

  async accept(label: string) {
    const item = this.items.find((one) => one.label === label);
    if (!item) throw new Error(`nothing is called ${label}`);
    this.selectedItems = [item];
    await this.listeners.accept?.();
  }
}

vi.mock("vscode", () => ({
  QuickInputButtons: { Back: "back" },
  window: { createQuickPick: () => new Input() },
}));

beforeEach(() => {
  Input.shown = [];
});

const choice = (value: string): Choice => ({ label: value, value });
const question =
  (...choices: Choice[]) =>
  async (): Promise<Question> => ({ placeholder: "", choices });

/** The quick pick of a step, once it is there. */
async function shown(count: number): Promise<Input> {
  await vi.waitFor(() => expect(Input.shown.length).toBe(count));
  return Input.shown[count - 1] as Input;
}

test("answers come in order, and a question knows those before it", async () => {
  const second = vi.fn(question(choice("c")));
  const given = answers("New", [question(choice("a"), choice("b")), second]);
  await (await shown(1)).accept("b");
  await (await shown(2)).accept("c");
  expect(await given).toEqual(["b", "c"]);
  expect(second.mock.calls[0]).toEqual([["b"]]);
});

test("back asks the question before again; the first one has no way back", async () => {
  const given = answers("New", [question(choice("a"), choice("b")), question(choice("c"))]);
  const first = await shown(1);
  expect(first.buttons).toEqual([]);
  await first.accept("a");
  (await shown(2)).back();
  await (await shown(3)).accept("b");
  await (await shown(4)).accept("c");
  expect(await given).toEqual(["b", "c"]);
});

test("who turns away is asked no more", async () => {
  const given = answers("New", [question(choice("a")), question(choice("b"))]);
  (await shown(1)).hide();
  expect(await given).toBeUndefined();
  expect(Input.shown.length).toBe(1);
});

test("what is typed is an answer where it may be, once", async () => {
  const typed = (text: string): Choice => ({ label: `take ${text}`, value: text });
  const given = answers("New", [async () => ({ placeholder: "", choices: [choice("a")], typed })]);
  const input = await shown(1);
  input.type("a");
  expect(input.items.map(({ label }) => label)).toEqual(["a"]);
  input.type(" mine ");
  expect(input.items.map(({ label }) => label)).toEqual(["a", "take mine"]);
  await input.accept("take mine");
  expect(await given).toEqual(["mine"]);
});

test("a dialog that takes its place gives the answer, and its own end leaves the question", async () => {
  const found = ["", "/data/rows.jsonl"];
  const browse: Choice = {
    label: "Browse",
    ask: async () => {
      Input.shown[0]?.hide();
      return found.shift() || undefined;
    },
  };
  const given = answers("New", [question(browse)]);
  const input = await shown(1);
  await input.accept("Browse");
  expect(input.visible).toBe(true);
  await input.accept("Browse");
  expect(await given).toEqual(["/data/rows.jsonl"]);
});
