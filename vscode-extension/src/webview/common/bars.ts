/** How a method's memory lies along an axis. */

import type { MethodCost, Part } from "../../api/protocol";

/** Parts in this order and colour; what a server names beyond them comes behind. */
export const GROUPS = [
  { key: "weights", names: ["weights", "quantization constants"] },
  { key: "adapters", names: ["adapters"] },
  { key: "gradients", names: ["gradients"] },
  { key: "optimizer", names: ["optimizer states"] },
  {
    key: "activations",
    names: [
      "activations: attention",
      "activations: mlp",
      "activations: norms",
      "activations: adapters",
      "activations: other",
      "layer inputs",
    ],
  },
  { key: "logits", names: ["logits and loss"] },
  { key: "temporaries", names: ["temporaries"] },
] as const;

export type Group = (typeof GROUPS)[number]["key"] | "others" | "outside";

/** A stretch of a bar, in bytes from its start. */
export interface Segment {
  group: Group;
  from: number;
  bytes: number;
  parts: Part[];
}

/** The bar of a method: its tensors by group, then what lies outside tensors, up to the likely total. */
export function segments(method: MethodCost): Segment[] {
  const found: Segment[] = [];
  let from = 0;
  const add = (group: Group, parts: Part[]) => {
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    if (bytes <= 0) return;
    found.push({ group, from, bytes, parts });
    from += bytes;
  };
  const known = new Set<string>(GROUPS.flatMap((group) => [...group.names]));
  for (const { key, names } of GROUPS) {
    add(
      key,
      method.parts.filter((part) => (names as readonly string[]).includes(part.name)),
    );
  }
  add(
    "others",
    method.parts.filter((part) => !known.has(part.name)),
  );
  add("outside", [{ name: "outside", bytes: method.total.likely - from }]);
  return found;
}

/** The groups that any of the methods has, in order. */
export function groupsOf(methods: readonly MethodCost[]): Group[] {
  const present = new Set(methods.flatMap((method) => segments(method).map((s) => s.group)));
  const order: Group[] = [...GROUPS.map((group) => group.key), "others", "outside"];
  return order.filter((group) => present.has(group));
}
