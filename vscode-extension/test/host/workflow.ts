/** A workflow without findings for the folder that the tests run in, whole or with lines changed. */

const LINES = `\
version: 1
name: tone
task: classification
model: {name_or_path: model, dtype: float32}
data:
  train: [{path: rows.jsonl}]
  prompt_template: "Wie klingt „ü“ 🎺? {text}"
  completion_template: "{label}"
  labels: [joy, fear, anger]
  max_length: 64
  val_size: 0.2
method: {type: lora, r: 4, target_modules: all-linear}
training:
  max_steps: 4
  per_device_train_batch_size: 4
  seed: 7
evaluate: {max_new_tokens: 4, generations: 4}
export: {format: none}
`;

/** Gives the text with each `[old, new]` replaced; throws where an old text is not there. */
export function workflow(...changes: [old: string, replaced: string][]): string {
  let text = LINES;
  for (const [old, replaced] of changes) {
    if (!text.includes(old)) throw new Error(`the workflow has no ${old}`);
    text = text.replace(old, replaced);
  }
  return text;
}
