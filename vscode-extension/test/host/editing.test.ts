import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { activated, findings, type Opened, ROOT, replaced, tidy, until, written } from "./support";
import { workflow } from "./workflow";

suite("a workflow's language", () => {
  suiteSetup(activated);
  teardown(tidy);

  test("a file is a workflow by its ending", async () => {
    const { document } = await written("model: {name_or_path: model}\n");
    assert.equal(document.languageId, "pitchpipe");
  });

  test("a file without an ending is a workflow by its first line", async () => {
    const { document } = await written("# pitchpipe: workflow\nmodel: {}\n", "-workflow");
    assert.equal(document.languageId, "pitchpipe");
  });

  test("other YAML stays YAML", async () => {
    const { document } = await written("a: 1\n", ".yaml");
    assert.equal(document.languageId, "yaml");
  });

  test("suggestions come inside strings, and a tab is two spaces", async () => {
    const { document } = await written("model: {}\n");
    const settings = vscode.workspace.getConfiguration("editor", document);
    const suggested = settings.get<Record<string, string>>("quickSuggestions");
    assert.equal(suggested?.strings, "on");
    assert.equal(settings.get("tabSize"), 2);
    assert.equal(settings.get("insertSpaces"), true);
  });

  test("a line is commented out with a number sign", async () => {
    const { document, editor } = await written("seed: 1\n");
    await vscode.commands.executeCommand("editor.action.commentLine");
    await until("the line is a comment", () => document.getText() === "# seed: 1\n");
    assert.equal(editor.document.lineCount, 2);
  });
});

suite("completion", () => {
  suiteSetup(activated);
  teardown(tidy);

  test("keys are offered with what they do", async () => {
    const opened = await written(workflow(["  seed: 7", "  seed: 7\n  $0"]));
    const offered = await completed(opened, 30);
    const item = offered.find((item) => label(item) === "learning_rate");
    assert.ok(item, offered.map(label).join());
    assert.match(markdown(item.documentation), /learning rate|step size/i);
  });

  test("keys that are there already are not offered", async () => {
    const opened = await written(workflow(["  seed: 7", "  seed: 7\n  $0"]));
    const offered = (await completed(opened, 0)).map(label);
    assert.ok(offered.includes("weight_decay"), offered.join());
    assert.ok(!offered.includes("max_steps"), offered.join());
  });

  test("target modules are those of the very model", async () => {
    const opened = await written(workflow(["all-linear", "[$0]"]));
    const offered = (await completed(opened, 0)).map(label);
    for (const module of ["q_proj", "v_proj", "down_proj"]) assert.ok(offered.includes(module));
    assert.ok(!offered.includes("c_attn"), offered.join());
  });

  test("columns are offered in a template", async () => {
    const opened = await written(workflow(["{text}", "{$0}"]));
    assert.deepEqual((await completed(opened, 0)).map(label).sort(), ["label", "text"]);
  });

  test("data files are offered as paths", async () => {
    const opened = await written(workflow(["rows.jsonl", "ro$0"]));
    const offered = (await completed(opened, 0)).map(label);
    assert.ok(
      offered.some((name) => name.includes("rows.jsonl")),
      offered.join(),
    );
  });

  test("a key that is typed and taken is written with its colon", async () => {
    const opened = await written(workflow(["  seed: 7", "  seed: 7\n  $0"]));
    await vscode.commands.executeCommand("type", { text: "gradient_acc" });
    await until("the key is written", async () => {
      await vscode.commands.executeCommand("editor.action.triggerSuggest");
      await new Promise((resolve) => setTimeout(resolve, 300));
      await vscode.commands.executeCommand("acceptSelectedSuggestion");
      return /^ {2}gradient_accumulation_steps: /m.test(opened.document.getText());
    });
  });
});

suite("hover and hints", () => {
  suiteSetup(activated);
  teardown(tidy);

  test("a key tells what it does and its default", async () => {
    const opened = await written(workflow(["max_steps", "max_$0steps"]));
    const told = await hovered(opened, /optimizer steps/);
    assert.match(told, /[Dd]efault/);
  });

  test("the model tells its parameters", async () => {
    const opened = await written(workflow(["name_or_path: model", "name_or_path: mod$0el"]));
    assert.match(await hovered(opened, /parameters/), /Llama|llama/);
  });

  test("the method tells its memory by parts", async () => {
    const opened = await written(workflow(["method:", "meth$0od:"]));
    assert.match(await hovered(opened, /The peak/), /optimizer|weights|activations/);
  });

  test("a data file tells its columns", async () => {
    const opened = await written(workflow(["rows.jsonl", "ro$0ws.jsonl"]));
    assert.match(await hovered(opened, /label/), /text/);
  });

  test("hints say memory, trained parameters, steps and rows", async () => {
    const { document } = await written(workflow());
    const whole = new vscode.Range(0, 0, document.lineCount, 0);
    await until("hints for four lines", async () => {
      const hints = await vscode.commands.executeCommand<vscode.InlayHint[]>(
        "vscode.executeInlayHintProvider",
        document.uri,
        whole,
      );
      const told = hints.map(hint).join("\n");
      return /\d+ rows/.test(told) && /trained/.test(told) && /[KMG]i?B/.test(told);
    });
  });

  test("lenses run, smoke and estimate", async () => {
    const { document } = await written(workflow());
    const lenses = await until("three lenses", async () => {
      const found = await vscode.commands.executeCommand<vscode.CodeLens[]>(
        "vscode.executeCodeLensProvider",
        document.uri,
        20,
      );
      return found.length >= 3 && found;
    });
    const titles = lenses.map((lens) => lens.command?.title ?? "").join("\n");
    for (const title of [/run/i, /smoke/i, /estimate/i]) assert.match(titles, title);
  });
});

suite("fixes", () => {
  suiteSetup(activated);
  teardown(tidy);

  test("a misspelt key is renamed", async () => {
    const { document } = await written(workflow(["max_steps", "max_stepps"]));
    const [finding] = await findings(document.uri, 1);
    assert.ok(finding);
    const actions = await acted(document, finding.range, vscode.CodeActionKind.QuickFix);
    const fix = actions.find((action) => action.isPreferred) ?? actions[0];
    assert.ok(fix?.edit);
    assert.ok(await vscode.workspace.applyEdit(fix.edit));
    assert.equal(document.getText(), workflow());
    await findings(document.uri, 0);
  });

  test("all that can be mended safely is mended at once, on saving", async () => {
    const wrong = workflow(["max_steps", "max_stepps"], ["dtype", "dtyp"]);
    const { document, editor } = await written(wrong);
    await findings(document.uri, 2);
    const settings = vscode.workspace.getConfiguration("editor", document);
    const kept = vscode.ConfigurationTarget.Workspace;
    await settings.update("codeActionsOnSave", { "source.fixAll": "explicit" }, kept);
    try {
      await replaced(editor, "name: tone", "name: tune");
      await document.save();
      const expected = workflow(["name: tone", "name: tune"]);
      await until("both keys are mended", () => document.getText() === expected);
    } finally {
      await settings.update("codeActionsOnSave", undefined, kept);
    }
  });

  test("the method can be switched", async () => {
    const { document } = await written(workflow());
    const line = document
      .getText()
      .split("\n")
      .findIndex((text) => text.startsWith("method:"));
    const at = new vscode.Range(line, 2, line, 2);
    const actions = await until("a switch is offered", async () => {
      const found = await acted(document, at, vscode.CodeActionKind.Refactor);
      return found.some((action) => /`full`/.test(action.title)) && found;
    });
    const action = actions.find((one) => /`full`/.test(one.title));
    assert.ok(action?.edit, action?.title);
    await vscode.workspace.applyEdit(action.edit);
    assert.match(document.getText(), /^method: \{type: full\}$/m);
    await findings(document.uri, 0);
  });
});

suite("structure", () => {
  suiteSetup(activated);
  teardown(tidy);

  const ANCHORED = workflow(
    ["[{path: rows.jsonl}]", "[&rows {path: rows.jsonl}]\n  eval: [*rows]"],
    ["  val_size: 0.2\n", ""],
  );

  test("an anchor is renamed with its aliases", async () => {
    const { document } = await written(ANCHORED);
    const at = document.positionAt(document.getText().indexOf("*rows") + 2);
    const edit = await until("a rename", () =>
      vscode.commands.executeCommand<vscode.WorkspaceEdit>(
        "vscode.executeDocumentRenameProvider",
        document.uri,
        at,
        "phrases",
      ),
    );
    await vscode.workspace.applyEdit(edit);
    assert.match(document.getText(), /train: \[&phrases .*\n {2}eval: \[\*phrases\]/);
  });

  test("an alias leads to its anchor", async () => {
    const { document } = await written(ANCHORED);
    const at = document.positionAt(document.getText().indexOf("*rows") + 2);
    const found = await until("a definition", async () => {
      const places = await vscode.commands.executeCommand<
        (vscode.Location | vscode.LocationLink)[]
      >("vscode.executeDefinitionProvider", document.uri, at);
      return places[0];
    });
    const range = "targetRange" in found ? found.targetRange : found.range;
    assert.match(document.lineAt(range.start.line).text, /&rows/);
  });

  test("a data file is a link", async () => {
    const { document } = await written(workflow());
    const link = await until("a link", async () => {
      const links = await vscode.commands.executeCommand<vscode.DocumentLink[]>(
        "vscode.executeLinkProvider",
        document.uri,
        20,
      );
      return links.find((link) => document.getText(link.range).includes("rows.jsonl"));
    });
    assert.equal(link.target?.fsPath, vscode.Uri.joinPath(ROOT, "rows.jsonl").fsPath);
  });

  test("the outline has the sections", async () => {
    const { document } = await written(workflow());
    const symbols = await until("symbols", async () => {
      const found = await vscode.commands.executeCommand<vscode.DocumentSymbol[] | undefined>(
        "vscode.executeDocumentSymbolProvider",
        document.uri,
      );
      return found?.length ? found : undefined;
    });
    const names = symbols.map((symbol) => symbol.name);
    for (const section of ["model", "data", "method", "training"]) {
      assert.ok(names.includes(section), names.join());
    }
  });

  test("sections fold", async () => {
    const { document } = await written(workflow());
    const folds = await until("folds", async () => {
      const found = await vscode.commands.executeCommand<vscode.FoldingRange[] | undefined>(
        "vscode.executeFoldingRangeProvider",
        document.uri,
      );
      return found?.length ? found : undefined;
    });
    const folded = folds.map(({ start }) => document.lineAt(start).text);
    assert.ok(folded.includes("data:"), folded.join());
    assert.ok(folded.includes("training:"), folded.join());
  });

  test("a selection grows by the structure", async () => {
    const { document } = await written(workflow());
    const at = document.positionAt(document.getText().indexOf("joy") + 1);
    const [range] = await until("a selection", () =>
      vscode.commands.executeCommand<vscode.SelectionRange[]>(
        "vscode.executeSelectionRangeProvider",
        document.uri,
        [at],
      ),
    );
    const texts: string[] = [];
    for (let at = range; at; at = at.parent) texts.push(document.getText(at.range));
    assert.ok(texts.includes("joy"), texts.join("\n"));
    assert.ok(
      texts.some((text) => text.includes("[joy, fear, anger]")),
      texts.join("\n"),
    );
  });

  test("formatting keeps comments", async () => {
    const untidy = workflow(
      ["type: lora, r: 4", "type:   lora,  r: 4"],
      ["seed: 7", "seed:   7     # fixed"],
    );
    const { document } = await written(untidy);
    const edits = await until("edits", async () => {
      const found = await vscode.commands.executeCommand<vscode.TextEdit[] | undefined>(
        "vscode.executeFormatDocumentProvider",
        document.uri,
        { tabSize: 2, insertSpaces: true },
      );
      return found?.length ? found : undefined;
    });
    const edit = new vscode.WorkspaceEdit();
    edit.set(document.uri, edits);
    await vscode.workspace.applyEdit(edit);
    assert.equal(document.getText(), workflow(["seed: 7", "seed: 7  # fixed"]));
  });

  test("templates have colours of their own", async () => {
    const { document } = await written(workflow());
    const tokens = await until("tokens", async () => {
      const found = await vscode.commands.executeCommand<vscode.SemanticTokens | undefined>(
        "vscode.provideDocumentSemanticTokens",
        document.uri,
      );
      return found?.data.length ? found : undefined;
    });
    assert.ok(marked(document, tokens).some((text) => /^\{?text\}?$/.test(text)));
  });
});

function label(item: vscode.CompletionItem): string {
  return typeof item.label === "string" ? item.label : item.label.label;
}

function markdown(text: vscode.MarkdownString | string | undefined): string {
  return typeof text === "string" ? text : (text?.value ?? "");
}

function hint(of: vscode.InlayHint): string {
  return typeof of.label === "string" ? of.label : of.label.map((part) => part.value).join("");
}

/** What is offered at the mark, of which the first `resolved` come with their documentation. */
async function completed(opened: Opened, resolved: number): Promise<vscode.CompletionItem[]> {
  return until("something is offered", async () => {
    const list = await vscode.commands.executeCommand<vscode.CompletionList>(
      "vscode.executeCompletionItemProvider",
      opened.document.uri,
      opened.position,
      undefined,
      resolved,
    );
    // Words of the text are offered by VS Code itself where a server offers nothing.
    const ours = list.items.filter((item) => item.kind !== vscode.CompletionItemKind.Text);
    return ours.length > 0 && ours;
  });
}

/** What is shown over the mark, once it says `expected`. */
async function hovered(opened: Opened, expected: RegExp): Promise<string> {
  return until(`the hover says ${expected}`, async () => {
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      "vscode.executeHoverProvider",
      opened.document.uri,
      opened.position,
    );
    const told = hovers
      .flatMap((hover) => hover.contents)
      .map((content) => (typeof content === "string" ? content : content.value))
      .join("\n");
    return expected.test(told) && told;
  });
}

async function acted(
  document: vscode.TextDocument,
  range: vscode.Range,
  kind: vscode.CodeActionKind,
): Promise<vscode.CodeAction[]> {
  return vscode.commands.executeCommand<vscode.CodeAction[]>(
    "vscode.executeCodeActionProvider",
    document.uri,
    range,
    kind.value,
    20,
  );
}

/** The texts that semantic tokens cover. */
function marked(document: vscode.TextDocument, tokens: vscode.SemanticTokens): string[] {
  const texts: string[] = [];
  let [line, column] = [0, 0];
  for (let i = 0; i < tokens.data.length; i += 5) {
    const [lines = 0, columns = 0, length = 0] = tokens.data.subarray(i, i + 3);
    column = lines ? columns : column + columns;
    line += lines;
    texts.push(document.getText(new vscode.Range(line, column, line, column + length)));
  }
  return texts;
}
