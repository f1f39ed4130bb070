/** Hands the schema of workflows to Red Hat's YAML extension, where that is there. */

import * as vscode from "vscode";
import { method, type SchemaResult } from "./api/protocol";
import type { Session } from "./session";

const YAML_EXTENSION = "redhat.vscode-yaml";
const SCHEME = "pitchpipe";
const SCHEMA_URI = `${SCHEME}://schemas/workflow`;
const PAUSE = 300; // milliseconds of rest in the typing

/** What that extension lets others do. */
interface YamlApi {
  registerContributor?(
    scheme: string,
    requestSchema: (resource: string) => string | undefined,
    requestSchemaContent: (uri: string) => Promise<string> | string,
    label?: string,
  ): boolean;
}

/** What `pitchpipe/status` says of open files. */
interface Status {
  documents: { uri: string; workflow: boolean }[];
}

let registered = false;
const changed = new vscode.EventEmitter<void>();

/** `schemaElsewhere` has changed. */
export const onDidChangeSchemaElsewhere = changed.event;

/** The languages whose files another extension holds against the schema, so that the server need not. */
export function schemaElsewhere(): string[] {
  const validates = vscode.workspace.getConfiguration("yaml").get("validate", true);
  return registered && validates ? ["yaml"] : [];
}

/** Whether another extension looks after YAML, which it would not in files of our language. */
export function hasYamlExtension(): boolean {
  return vscode.extensions.getExtension(YAML_EXTENSION) !== undefined;
}

export function activateSchema(session: Session): vscode.Disposable {
  // By their names files are known through the manifest; by their content only the server knows them.
  const workflows = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const learn = async () => {
    if (!registered || !session.running) return;
    const known = await session.request<Status>(method.status).catch(() => undefined);
    if (!known) return;
    workflows.clear();
    for (const { uri, workflow } of known.documents) if (workflow) workflows.add(normal(uri));
  };
  const soon = (document: vscode.TextDocument) => {
    if (document.languageId !== "yaml") return;
    clearTimeout(timer);
    timer = setTimeout(() => void learn(), PAUSE);
  };
  const look = async () => {
    if (registered || !openYaml()) return;
    registered = await register(session, (uri) => workflows.has(normal(uri)));
    if (!registered) return;
    changed.fire();
    await learn();
  };
  void look();
  return vscode.Disposable.from(
    vscode.workspace.onDidOpenTextDocument((document) => {
      void look();
      soon(document);
    }),
    vscode.workspace.onDidChangeTextDocument(({ document }) => soon(document)),
    vscode.extensions.onDidChange(() => void look()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("yaml.validate")) changed.fire();
    }),
    session.onReady(() => void learn()),
    { dispose: () => clearTimeout(timer) },
  );
}

async function register(session: Session, isWorkflow: (uri: string) => boolean): Promise<boolean> {
  const extension = vscode.extensions.getExtension<YamlApi>(YAML_EXTENSION);
  if (!extension) return false;
  try {
    const api = extension.isActive ? extension.exports : await extension.activate();
    const schemaOf = (uri: string) => (isWorkflow(uri) ? SCHEMA_URI : undefined);
    const content = () => schemaText(session);
    return api?.registerContributor?.(SCHEME, schemaOf, content, "Pitchpipe") ?? false;
  } catch (error) {
    session.output.warn(`${YAML_EXTENSION}: ${error}`);
    return false;
  }
}

/** The server's own, which may be newer or older than the one that comes with the extension. */
async function schemaText(session: Session): Promise<string> {
  if (session.supports(method.schema)) {
    try {
      const { schema } = await session.request<SchemaResult>(method.schema);
      return JSON.stringify(schema);
    } catch (error) {
      session.output.warn(`${method.schema}: ${error}`);
    }
  }
  const file = vscode.Uri.joinPath(session.context.extensionUri, "dist", "workflow.schema.json");
  return new TextDecoder().decode(await vscode.workspace.fs.readFile(file));
}

function openYaml(): boolean {
  return vscode.workspace.textDocuments.some((document) => document.languageId === "yaml");
}

/** Extensions spell URIs in more than one way. */
function normal(uri: string): string {
  return vscode.Uri.parse(uri).toString();
}
