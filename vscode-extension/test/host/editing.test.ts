import * as assert from "node:assert/strict";
import { activated, tidy, written } from "./support";

suite("editing", () => {
  suiteSetup(activated);
  teardown(tidy);

  test("a workflow has our language", async () => {
    const { document } = await written("model: {name_or_path: model}\n");
    assert.equal(document.languageId, "pitchpipe");
  });
});
