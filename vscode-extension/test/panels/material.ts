/** Runs, estimates and rows as a server would send them; equal arguments give equal material. */

import type {
  Interval,
  MemoryResult,
  PreviewResult,
  PreviewToken,
  Run,
  RunDetails,
  Series,
} from "../../src/api/protocol";

const START = 1773482535;

export interface RunRecipe {
  name?: string;
  points?: number;
  state?: Run["state"];
  seed?: number;
  device?: boolean;
  evaluated?: boolean;
}

export function details(recipe: RunRecipe = {}): RunDetails {
  const {
    name = "20260314-100215-spam-subjects",
    points = 400,
    state = "running",
    seed = 1,
  } = recipe;
  const random = generator(seed);
  const total = state === "running" ? Math.round(points * 1.6) : points;
  const done = state === "done";
  const evaluated = recipe.evaluated ?? done;
  const each = (value: (i: number) => number, every = 1): Series => {
    const made: Series = { step: [], seconds: [], value: [] };
    for (let i = every; i <= points; i += every) {
      made.step.push(i);
      made.seconds.push(12 + i * 0.9);
      made.value.push(value(i));
    }
    return made;
  };
  const falling = (i: number) => 0.35 + 2.2 * Math.exp(-i / (points / (4 + seed)));
  const memory: RunDetails["memory"] = {
    seconds: [],
    bytes: [],
    of: recipe.device ? "device" : "process",
  };
  for (let s = 0; s < 12 + points * 0.9; s += Math.max(2, points / 400)) {
    memory.seconds.push(s);
    memory.bytes.push(s < 12 ? 4e8 + s * 8e7 : 1.72e9 + random() * 9e7 + Math.min(s, 200) * 5e5);
  }
  return {
    run: {
      id: name,
      folder: `/home/ada/mail/runs/${name}`,
      state,
      smoke: false,
      started: START + seed * 4000,
      at: START + seed * 4000 + 12 + points * 0.9,
      seconds: 12 + points * 0.9,
      stage: done ? "report" : "train",
      step: points,
      total_steps: total,
      share: points / total,
      best: evaluated ? ["accuracy", 0.9125] : ["eval_loss", 0.3812],
      report: done ? `/home/ada/mail/runs/${name}/report.html` : null,
      predicted: { low: 1.69e9, likely: 1.94e9, high: 2.31e9 },
      measured: 1.92e9,
      failure:
        state === "failed"
          ? {
              code: "out-of-memory",
              message: "the device ran out of memory in step 212",
              hint: "lower training.per_device_train_batch_size to 2, or set gradient_checkpointing: true",
            }
          : null,
      resumable: state === "failed" || state === "stopped" || state === "interrupted",
    },
    workflow: "file:///home/ada/mail/spam.tune.yaml",
    stages: stages(state, points, total),
    series: {
      loss: each((i) => falling(i) + (random() - 0.5) * 0.35),
      eval_loss: each((i) => falling(i) + 0.06, Math.max(1, Math.floor(points / 14))),
      learning_rate: each(
        (i) => 2e-4 * Math.min(1, i / (points * 0.06)) * (1 - i / (total * 1.02)),
      ),
      tokens_per_second: each(() => 815 + (random() - 0.5) * 60),
      grad_norm: each((i) => 0.4 + 2 * Math.exp(-i / 90) + random() * 0.4),
    },
    memory,
    samples: evaluated ? samples() : [],
    evaluated: evaluated ? scores() : [],
    left: 930,
    offset: 48_210,
  };
}

function stages(state: Run["state"], done: number, total: number): RunDetails["stages"] {
  const names = ["fetch", "prepare", "train", "merge", "export", "evaluate", "report"];
  const seconds = [1.2, 9.8, 372, 2.1, 5.2, 45.3, 0.9];
  return names.map((name, i) => ({
    name,
    state:
      state === "done"
        ? i === 1
          ? "reused"
          : "done"
        : i < 2
          ? "done"
          : i > 2
            ? "waiting"
            : state === "running"
              ? "running"
              : state === "failed"
                ? "failed"
                : "stopped",
    seconds: state === "done" || i < 2 ? (seconds[i] ?? 0) : null,
    done: i === 2 ? done : null,
    total: i === 2 ? total : null,
    unit: i === 2 ? "steps" : null,
    left: i === 2 && state === "running" ? (total - done) * 0.9 : null,
  }));
}

function scores(): RunDetails["evaluated"] {
  const score = (value: number, reach: number) => ({
    value,
    low: value - reach,
    high: value + reach,
  });
  return [
    {
      kind: "base",
      metrics: { accuracy: score(0.551, 0.048), f1: score(0.355, 0.05), loss: score(1.204, 0.09) },
    },
    {
      kind: "tuned",
      metrics: { accuracy: score(0.9125, 0.027), f1: score(0.909, 0.03), loss: score(0.381, 0.04) },
    },
    {
      kind: "exported-int4",
      metrics: {
        accuracy: score(0.903, 0.029),
        f1: score(0.898, 0.031),
        loss: score(0.412, 0.045),
      },
    },
  ];
}

function samples(): RunDetails["samples"] {
  const subjects = [
    ["Your parcel could not be delivered, confirm your address", "spam", "ham", "spam", "spam"],
    ["Minutes of Tuesday's meeting, and what is open", "ham", "ham", "ham", "ham"],
    ["RE: invoice 2291, second reminder", "ham", "spam", "ham", "spam"],
    ["You have been chosen!!! Claim within 24 h", "spam", "", "spam", "spam"],
  ] as const;
  return Array.from({ length: 16 }, (_, i) => {
    const [prompt, expected, base, tuned, exported] = subjects[i % 4] as (typeof subjects)[number];
    return {
      prompt: `Is this subject line spam?\n\nSubject: ${prompt}\nAnswer:`,
      expected,
      answers: { base, tuned, "exported-int4": exported },
    };
  });
}

export function memory(change: { factor?: number; message?: string | null } = {}): MemoryResult {
  const factor = change.factor ?? 1;
  const around = (likely: number): Interval => ({
    low: likely * 0.94,
    likely,
    high: likely * 1.12,
  });
  const method = (name: string, current: boolean, trained: number, sizes: number[]) => {
    const names = [
      "weights",
      "quantization constants",
      "adapters",
      "gradients",
      "optimizer states",
      "activations: attention",
      "activations: mlp",
      "layer inputs",
      "logits and loss",
      "temporaries",
    ];
    const parts = sizes
      .map((gb, i) => ({ name: names[i] as string, bytes: gb * 1e9 * (i > 4 ? factor : 1) }))
      .filter(({ bytes }) => bytes > 0);
    const tensors = parts.reduce((sum, part) => sum + part.bytes, 0);
    return { name, current, trained, total: around(tensors + 1.1e9), parts, tensors };
  };
  const methods = [
    method("full", false, 3.09e9, [6.2, 0, 0, 12.3, 24.7, 1.9, 3.1, 0.8, 1.4, 0.6]),
    method("lora", true, 18.5e6, [6.2, 0, 0.07, 0.07, 0.15, 2.1, 3.4, 0.8, 1.4, 0.3]),
    method("dora", false, 19.1e6, [6.2, 0, 0.08, 0.08, 0.16, 2.9, 4.4, 0.8, 1.4, 0.5]),
    method("qlora", false, 18.5e6, [1.8, 0.12, 0.07, 0.07, 0.15, 2.1, 3.4, 0.8, 1.4, 0.7]),
  ];
  const verdict = (likely: number, bytes: number) =>
    likely * 1.12 < bytes
      ? "yes"
      : likely < bytes
        ? "likely"
        : likely * 0.94 < bytes
          ? "unlikely"
          : "no";
  const device = (name: string, gb: number) => ({
    name,
    bytes: gb * 1.0737e9,
    fits: Object.fromEntries(
      methods.map((m) => [m.name, verdict(m.total.likely, gb * 1.0737e9)] as const),
    ),
  });
  const devices = [
    device("RTX 3060", 12),
    device("T4", 15),
    device("RTX 4090", 24),
    device("A100 40GB", 40),
    device("H100", 80),
  ];
  return {
    message: change.message ?? null,
    device: "RTX 4090",
    device_bytes: 24 * 1.0737e9,
    moment: "backward, layer 35",
    methods,
    devices,
    savings: [
      {
        change: "training.gradient_checkpointing: true",
        bytes: 4.9e9 * factor,
        cost: "about a third more time",
      },
      {
        change: "training.method: qlora",
        bytes: 4.3e9,
        cost: "slower steps, weights rounded to 4 bits",
      },
      {
        change: "training.per_device_train_batch_size: 2",
        bytes: 2.6e9 * factor,
        cost: "the same with twice the accumulation",
      },
    ],
    trainable: 18.5e6,
    parameters: 3.09e9,
    steps: { low: 1240, likely: 1240, high: 1240 },
    seconds: { low: 3100, likely: 4380, high: 6900 },
    reasons: [
      "no run on this device yet, so the allocator's reserve is a range",
      "tokens were judged by the text of the first 200 rows",
    ],
  };
}

export function preview(skip = 0, rows = 20): PreviewResult {
  const made = Array.from({ length: rows }, (_, i) => {
    const tokens: PreviewToken[] = [];
    const add = (text: string, learnt: boolean, special = false) => {
      const words = special ? [text] : (text.match(/\s?\S+|\n/g) ?? []);
      for (const word of words) tokens.push({ text: word, learnt, special });
    };
    add("<|im_start|>", false, true);
    add("system\nYou sort mail. Answer with one word: ham or spam.", false);
    add("<|im_end|>", false, true);
    add("\n", false);
    add("<|im_start|>", false, true);
    add(
      `user\nSubject: ${i % 3 ? "Your parcel could not be delivered, confirm your address" : "Minutes of Tuesday's meeting"}`,
      false,
    );
    if (i === 2) add(" and so on at great length".repeat(96), false);
    add("<|im_end|>", false, true);
    add("\n", false);
    if (i !== 2) {
      add("<|im_start|>", false, true);
      add("assistant\n", false);
      add(
        `${i % 3 ? "spam" : "ham"}, since the sender is ${i % 3 ? "unknown and asks for personal data" : "a colleague"}.`,
        true,
      );
      add("<|im_end|>", true, true);
    }
    const cut = i === 2 ? 118 : 0;
    return {
      source: "data/subjects.jsonl",
      row: skip + i,
      tokens,
      length: tokens.length + cut,
      cut,
    };
  });
  return { message: null, rows: made, total: 3571, max_length: 512 };
}

/** Numbers from 0 to 1, the same for the same seed. */
function generator(seed: number): () => number {
  let state = seed * 7919 + 17;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}
