import { describe, expect, it } from "vitest";
import type { Evaluated, MethodCost, RunDetails } from "../../src/api/protocol";
import { groupsOf, segments } from "../../src/webview/common/bars";
import { best, direction, metricsOf } from "../../src/webview/common/best";
import { stretches, visible } from "../../src/webview/common/tokens";
import { labels } from "../../src/webview/run/labels";

const method: MethodCost = {
  name: "lora",
  current: true,
  trained: 1,
  total: { low: 90, likely: 100, high: 120 },
  parts: [
    { name: "activations: mlp", bytes: 20 },
    { name: "weights", bytes: 30 },
    { name: "activations: attention", bytes: 10 },
    { name: "something new", bytes: 5 },
    { name: "gradients", bytes: 0 },
  ],
  tensors: 65,
};

describe("bars", () => {
  it("lie end to end, in one order, up to the likely total", () => {
    expect(segments(method).map(({ group, from, bytes }) => [group, from, bytes])).toEqual([
      ["weights", 0, 30],
      ["activations", 30, 30],
      ["others", 60, 5],
      ["outside", 65, 35],
    ]);
  });

  it("have nothing outside tensors where the total is no more than they", () => {
    const total = { low: 60, likely: 65, high: 70 };
    expect(segments({ ...method, total }).at(-1)?.group).toBe("others");
  });

  it("share a legend", () => {
    const full = { ...method, parts: [{ name: "optimizer states", bytes: 100 }], tensors: 100 };
    expect(groupsOf([method, full])).toEqual([
      "weights",
      "optimizer",
      "activations",
      "others",
      "outside",
    ]);
  });
});

describe("the best model", () => {
  const column = (kind: string, accuracy: number, loss?: number): Evaluated => ({
    kind,
    metrics: {
      accuracy: { value: accuracy, low: null, high: null },
      ...(loss === undefined ? {} : { loss: { value: loss, low: null, high: null } }),
    },
  });
  const all = [column("base", 0.5, 1.2), column("tuned", 0.9, 0.4), column("exported", 0.9)];

  it("has the highest accuracy, or one of them", () => {
    expect(best(all, "accuracy")).toEqual(["tuned", "exported"]);
  });

  it("has the lowest loss", () => {
    expect(best(all, "loss")).toEqual(["tuned"]);
  });

  it("is nobody by a metric of which nobody knows the way, or alone, or like all others", () => {
    expect(direction("length")).toBeNull();
    expect(best([column("base", 1)], "accuracy")).toEqual([]);
    expect(best([column("base", 1), column("tuned", 1)], "accuracy")).toEqual([]);
  });

  it("is told by the telling metrics first", () => {
    const odd = { kind: "x", metrics: { zeal: { value: 1, low: null, high: null } } };
    expect(metricsOf([odd, ...all])).toEqual(["accuracy", "loss", "zeal"]);
  });
});

describe("tokens", () => {
  const token = (text: string, learnt: boolean) => ({ text, learnt });

  it("are joined where they are alike; special ones stand alone, or like all others", () => {
    const found = stretches([
      token("<|im_start|>", false),
      token("<|im_start|>", false),
      token("Is", false),
      token(" it", false),
      token(" so", true),
      token("</s>", true),
    ]);
    expect(found).toEqual([
      { learnt: false, special: true, tokens: ["<|im_start|>"] },
      { learnt: false, special: true, tokens: ["<|im_start|>"] },
      { learnt: false, special: false, tokens: ["Is", " it"] },
      { learnt: true, special: false, tokens: [" so"] },
      { learnt: true, special: true, tokens: ["</s>"] },
    ]);
  });

  it("are special as the server tells, whatever they look like", () => {
    const told = [
      { text: "<s>", learnt: false, special: false },
      { text: "end", learnt: false, special: true },
    ];
    expect(stretches(told).map(({ special }) => special)).toEqual([false, true]);
  });

  it("show their line ends", () => {
    expect(visible("a\r\n\tb")).toBe("a␍⏎\n⇥\tb");
  });
});

describe("runs that are shown together", () => {
  const words = {
    when: (seconds: number | null) => (seconds === null ? "" : `${seconds} s`),
    smoke: "smoke",
  };
  const details = (
    id: string,
    started: number | null,
    workflow = "file:///w/t%C3%B6ne.tune.yaml",
  ) => ({ run: { id, started, smoke: id.startsWith("s") }, workflow }) as RunDetails;

  it("are called by when they began", () => {
    expect(labels([details("a", 1), details("s", 2), details("c", null)], words)).toEqual([
      "1 s",
      "2 s, smoke",
      "c",
    ]);
  });

  it("are called by their workflows too where those differ, and never alike", () => {
    const other = details("b", 1, "file:///w/pitchpipe.yaml");
    expect(labels([details("a", 1), other, details("c", 1)], words)).toEqual([
      "töne · 1 s",
      "pitchpipe · 1 s",
      "c",
    ]);
  });
});
