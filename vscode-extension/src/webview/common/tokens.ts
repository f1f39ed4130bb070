/** A row's tokens, grouped as they are shown. */

import type { PreviewToken } from "../../api/protocol";

/** Neighbouring tokens that are treated alike. */
export interface Stretch {
  learnt: boolean;
  special: boolean;
  tokens: string[];
}

/** As tokenizers write what stands for no text: `<|im_end|>`, `</s>`, `<bos>`, `[CLS]`. */
const SPECIAL = /^\s*(<\|[^|>]+\|>|<\/?[a-z_]{1,24}>|\[\/?[A-Z]{3,5}\])\s*$/;

export function stretches(tokens: readonly PreviewToken[]): Stretch[] {
  const found: Stretch[] = [];
  for (const { text, learnt, special: told } of tokens) {
    const special = told ?? SPECIAL.test(text);
    const last = found.at(-1);
    if (last && last.learnt === learnt && last.special === special && !special) {
      last.tokens.push(text);
    } else {
      found.push({ learnt, special, tokens: [text] });
    }
  }
  return found;
}

/** Line ends and tabs made visible, beside what they do. */
export function visible(text: string): string {
  return text.replaceAll("\r", "␍").replaceAll("\n", "⏎\n").replaceAll("\t", "⇥\t");
}
