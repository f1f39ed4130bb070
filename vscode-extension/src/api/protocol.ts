/**
 * What the language server answers beyond LSP. docs/language-server.md describes the same in words.
 *
 * Times are seconds since 1970, sizes bytes, shares 0 to 1; `null` is "nobody knows".
 */

/** Low, likely and high value of something estimated. */
export interface Interval {
  low: number;
  likely: number;
  high: number;
}

export type RunState = "waiting" | "running" | "done" | "failed" | "interrupted" | "stopped";

/** A run as lists show it. */
export interface Run {
  id: string;
  /** Absolute path. */
  folder: string;
  state: RunState;
  smoke: boolean;
  started: number | null;
  /** When it last said something. */
  at: number | null;
  /** Working time so far, resumes included. */
  seconds: number | null;
  stage: string | null;
  step: number | null;
  total_steps: number | null;
  share: number | null;
  /** Name and value of the metric to show first. */
  best: [string, number] | null;
  /** Absolute path of report.html. */
  report: string | null;
  /** Of the process on a CPU, of the device elsewhere. */
  predicted: Interval | null;
  measured: number | null;
  failure: { code: string; message: string; hint: string | null } | null;
  /** Whether a resume would find something to do. */
  resumable: boolean;
}

export interface Workflow {
  uri: string;
  name: string;
  /** Newest first. */
  runs: Run[];
}

/** `pitchpipe/runs`: the runs of all workflows in the workspace folders, and of open files. */
export interface RunsParams {
  /** One workflow alone. */
  uri?: string;
}
export interface RunsResult {
  workflows: Workflow[];
}

/** Columns of equal length. `value` null: not finite. */
export interface Series {
  step: number[];
  seconds: number[];
  value: (number | null)[];
}

export interface Stage {
  name: string;
  state: "waiting" | "running" | "done" | "reused" | "failed" | "stopped";
  seconds: number | null;
  done: number | null;
  total: number | null;
  unit: string | null;
  /** Seconds until it is done. */
  left: number | null;
}

/** An evaluated model's answer to one row, beside what was expected. */
export interface Sample {
  prompt: string;
  expected: string | null;
  /** Model kind ("base", "tuned", "exported-int4") → what it wrote. */
  answers: Record<string, string>;
}

export interface Score {
  value: number;
  low: number | null;
  high: number | null;
}

/** One evaluated model: a column of the evaluation table. */
export interface Evaluated {
  kind: string;
  metrics: Record<string, Score>;
}

/** `pitchpipe/runDetails`: all that a panel shows. What comes later is in `pitchpipe/event`. */
export interface RunDetailsParams {
  folder: string;
  /** At most about so many points a series; the lowest and highest of each stretch are kept. */
  most?: number;
}
export interface RunDetails {
  run: Run;
  workflow: string | null;
  stages: Stage[];
  /** By metric: loss, eval_loss, learning_rate, grad_norm, tokens_per_second … */
  series: Record<string, Series>;
  /** Of the process, or of the device where there is one. */
  memory: { seconds: number[]; bytes: number[]; of: "process" | "device" };
  samples: Sample[];
  evaluated: Evaluated[];
  /** Seconds until the run's end. */
  left: number | null;
  /** The file offset behind the last event that is included; events from there on are news. */
  offset: number;
}

/** `pitchpipe/compareRuns`: where runs differ. */
export interface CompareRunsParams {
  folders: string[];
}
export interface CompareRunsResult {
  runs: Run[];
  /** Dotted keys whose values differ, in the order of the schema; a value as YAML flow text. */
  settings: { key: string; values: (string | null)[] }[];
  metrics: { name: string; values: (number | null)[] }[];
}

/** `pitchpipe/deleteRun`: removes a run folder that no process works on. */
export interface DeleteRunParams {
  folder: string;
}
export interface DeleteRunResult {
  deleted: boolean;
  /** Why not. */
  message: string | null;
}

export interface Part {
  name: string;
  bytes: number;
}

/** `pitchpipe/memory`: the estimate of a workflow as numbers. */
export interface MemoryParams {
  uri: string;
}
export interface MethodCost {
  name: string;
  /** Whether the file says this method. */
  current: boolean;
  /** Parameters. */
  trained: number;
  /** All of the process or device, tensors among it. */
  total: Interval;
  /** Of the tensors' peak, largest first; they sum up to `tensors`. */
  parts: Part[];
  tensors: number;
}
export interface DeviceFit {
  name: string;
  bytes: number;
  /** For `methods[].name` → verdict. */
  fits: Record<string, "yes" | "likely" | "unlikely" | "no">;
}
export interface MemoryResult {
  /** Why there is no estimate; then everything else is empty. */
  message: string | null;
  device: string | null;
  device_bytes: number | null;
  moment: string | null;
  methods: MethodCost[];
  devices: DeviceFit[];
  savings: { change: string; bytes: number; cost: string }[];
  trainable: number | null;
  parameters: number | null;
  steps: Interval | null;
  seconds: Interval | null;
  /** Why the intervals are as wide as they are. */
  reasons: string[];
}

/** `pitchpipe/preview`: rows as the model will see them, made by the runner's interpreter. */
export interface PreviewParams {
  uri: string;
  /** How many rows from `skip` on. */
  rows?: number;
  skip?: number;
}
export interface PreviewToken {
  text: string;
  /** Whether the loss counts it. */
  learnt: boolean;
  /** Whether the tokenizer calls it special; absent: not told. */
  special?: boolean;
}
export interface PreviewRow {
  /** The source file as the workflow spells it, and the row in it from 0. */
  source: string;
  row: number;
  tokens: PreviewToken[];
  /** Tokens before cutting to `max_length`. */
  length: number;
  cut: number;
}
export interface PreviewResult {
  /** Why there are no rows. */
  message: string | null;
  rows: PreviewRow[];
  total: number | null;
  max_length: number | null;
}

/** `pitchpipe/newWorkflow` without answers: what there is to choose. */
export interface NewWorkflowChoices {
  tasks: { name: string; description: string }[];
  models: {
    name: string;
    parameters: number | null;
    licence: string | null;
    chat: boolean | null;
    local: boolean;
  }[];
  methods: { name: string; description: string }[];
}
/** With answers: the file. */
export interface NewWorkflowParams {
  task?: string;
  model?: string;
  data?: string;
  method?: string;
  /** The folder that paths in the file shall be relative to. */
  folder?: string;
}
export interface NewWorkflowResult {
  choices: NewWorkflowChoices | null;
  text: string | null;
  /** What to call the file. */
  name: string | null;
  message: string | null;
}

/** `pitchpipe/schema`: the JSON Schema of workflow files. */
export interface SchemaResult {
  schema: object;
}

/** `pitchpipe/event`, from the server to who subscribed: one line of a run's events.jsonl. */
export interface RunEvent {
  run: string;
  folder: string;
  /** Behind this event in the file. */
  offset: number;
  /** Seconds that the run takes from this event on. */
  left: number | null;
  event: { kind: string; t: number; seq: number } & Record<string, unknown>;
}

/** `pitchpipe/runEnded`, to who subscribed: nothing more comes of a run. */
export interface RunEnded {
  run: string;
  folder: string;
  /** "gone": its folder was removed. */
  state: RunState | "gone";
  /** Why, where the run's events don't say. */
  message: string | null;
  /** Of a process that did not say itself how it ended; null also where it was killed. */
  exit_code: number | null;
}

/** `pitchpipe/runsChanged`, to who subscribed: runs began, ended or went away. */
export interface RunsChanged {
  uri: string | null;
}

export interface SupportedMethods {
  version: number;
  requests: string[];
  notifications: { client: string[]; server: string[] };
  commands: string[];
  later: string[];
}

/** What `pitchpipe.run`, `pitchpipe.smoke` and `pitchpipe.resume` answer. */
export interface Started {
  run: string | null;
  folder?: string;
  /** Why nothing was started. */
  message: string | null;
  /** The model's own code would run: ask the user, then say `trustRemoteCode`. */
  wantsConsent?: boolean;
  /** Whose code it is. */
  model?: string | null;
}

export const method = {
  supported: "pitchpipe/supportedMethods",
  status: "pitchpipe/status",
  subscribe: "pitchpipe/subscribe",
  event: "pitchpipe/event",
  runs: "pitchpipe/runs",
  runsChanged: "pitchpipe/runsChanged",
  runEnded: "pitchpipe/runEnded",
  runDetails: "pitchpipe/runDetails",
  compareRuns: "pitchpipe/compareRuns",
  deleteRun: "pitchpipe/deleteRun",
  memory: "pitchpipe/memory",
  /** To who subscribed, without parameters: estimates rest on other facts than before. */
  memoryChanged: "pitchpipe/memoryChanged",
  preview: "pitchpipe/preview",
  newWorkflow: "pitchpipe/newWorkflow",
  schema: "pitchpipe/schema",
} as const;
