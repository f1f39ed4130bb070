/** Questions one after the other, with a way back. */

import * as vscode from "vscode";

export interface Choice {
  label: string;
  description?: string;
  detail?: string;
  /** The answer; without one, `ask` gets it. Nothing asked for: the question stays. */
  value?: string;
  ask?: () => Promise<string | undefined>;
}

export interface Question {
  placeholder: string;
  choices: Choice[];
  /** Turns what is typed into a choice of its own; without it only the choices count. */
  typed?: (text: string) => Choice;
}

/**
 * The answers in order; undefined where the user gives up. A question is made when it is its turn, of
 * the answers before it.
 */
export async function answers(
  title: string,
  questions: readonly ((before: readonly string[]) => Promise<Question>)[],
): Promise<string[] | undefined> {
  const given: string[] = [];
  while (given.length < questions.length) {
    const make = questions[given.length];
    if (!make) break;
    const step = { title, step: given.length + 1, totalSteps: questions.length };
    const answer = await asked(step, await make([...given]));
    if (answer === undefined) return undefined;
    if (answer === vscode.QuickInputButtons.Back) given.pop();
    else given.push(answer as string);
  }
  return given;
}

type Item = vscode.QuickPickItem & { choice: Choice };
type Step = { title: string; step: number; totalSteps: number };

function asked(
  step: Step,
  question: Question,
): Promise<string | vscode.QuickInputButton | undefined> {
  const input = vscode.window.createQuickPick<Item>();
  const items = question.choices.map((choice) => itemOf(choice));
  Object.assign(input, step);
  input.placeholder = question.placeholder;
  input.ignoreFocusOut = true;
  input.matchOnDescription = true;
  input.items = items;
  input.buttons = step.step > 1 ? [vscode.QuickInputButtons.Back] : [];
  let asking = false;
  return new Promise((resolve) => {
    input.onDidChangeValue((text) => {
      const said = text.trim();
      const known = question.choices.some((choice) => choice.value === said);
      input.items =
        question.typed && said && !known ? [...items, itemOf(question.typed(said))] : items;
    });
    input.onDidTriggerButton((button) => {
      resolve(button);
      input.hide();
    });
    input.onDidAccept(async () => {
      const choice = input.selectedItems[0]?.choice;
      if (!choice) return;
      asking = true; // a dialog takes its place meanwhile
      const value = choice.value ?? (await choice.ask?.());
      asking = false;
      if (value === undefined) {
        input.show();
        return;
      }
      resolve(value);
      input.hide();
    });
    input.onDidHide(() => {
      if (!asking) resolve(undefined); // after an answer this changes nothing
    });
    input.show();
  }).finally(() => input.dispose()) as Promise<string | vscode.QuickInputButton | undefined>;
}

function itemOf(choice: Choice): Item {
  const { label, description, detail } = choice;
  return {
    label,
    ...(description === undefined ? {} : { description }),
    ...(detail === undefined ? {} : { detail }),
    // What was typed is to be seen whatever the filter makes of it.
    alwaysShow: choice.ask !== undefined,
    choice,
  };
}
