import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/api/protocol";
import { document } from "../../src/panels/document";
import { Following } from "../../src/panels/following";
import { Latest } from "../../src/panels/latest";
import { fileKept, fromMemory, fromPreview, fromRun, runsKept } from "../../src/panels/messages";

describe("following a run", () => {
  const event = (seq: number, offset: number, kind = "metrics"): RunEvent => ({
    run: "r",
    folder: "/r",
    offset,
    left: null,
    event: { kind, t: 0, seq },
  });

  it("passes over what the details include", () => {
    const following = new Following();
    following.caughtUp(200);
    expect(following.take(event(1, 150))).toBe("known");
    expect(following.take(event(2, 200))).toBe("known");
    expect(following.take(event(3, 260))).toBe("news");
    expect(following.take(event(3, 260))).toBe("known");
  });

  it("notices that an event is missing, and goes on from new details", () => {
    const following = new Following();
    following.caughtUp(100);
    expect(following.take(event(5, 140))).toBe("news");
    expect(following.take(event(7, 220))).toBe("again");
    following.caughtUp(220);
    expect(following.take(event(8, 260))).toBe("news");
  });

  it("notices an event that is missing right behind the details", () => {
    const following = new Following();
    following.caughtUp(200);
    following.take(event(2, 200));
    expect(following.take(event(4, 300))).toBe("again");
  });

  it.each(["run-started", "prediction", "stage-done", "run-done", "failure", "interrupted"])(
    "asks again after %s, once",
    (kind) => {
      const following = new Following();
      following.caughtUp(100);
      expect(following.take(event(2, 180, kind))).toBe("again");
      following.caughtUp(180);
      expect(following.take(event(2, 180, kind))).toBe("known");
      expect(following.take(event(3, 240))).toBe("news");
    },
  );
});

describe("the latest of several askings", () => {
  it("is done once more after the one under way, however often it was asked for", async () => {
    const ends: (() => void)[] = [];
    const latest = new Latest(() => new Promise((resolve) => ends.push(resolve)));
    for (let i = 0; i < 5; i++) latest.ask();
    expect(ends.length).toBe(1);
    ends[0]?.();
    await turn();
    expect(ends.length).toBe(2);
    ends[1]?.();
    await turn();
    expect(ends.length).toBe(2);
    latest.ask();
    expect(ends.length).toBe(3);
  });
});

describe("messages of a page", () => {
  it.each([
    [{ type: "act", action: "stop", folder: "/r" }, true],
    [{ type: "ready" }, true],
    [{ type: "act", action: "delete", folder: "/r" }, false],
    [{ type: "act", action: "stop", folder: 3 }, false],
    [{ type: "act", action: "constructor", folder: "/r" }, false],
    ["ready", false],
    [null, false],
  ])("%j is one of the Run panel: %s", (message, good) => {
    expect(fromRun(message) !== undefined).toBe(good);
  });

  it.each([
    [{ type: "page", skip: 20 }, true],
    [{ type: "page", skip: -1 }, false],
    [{ type: "page", skip: 0.5 }, false],
    [{ type: "page", skip: "20" }, false],
    [{ type: "act", action: "install" }, true],
    [{ type: "act", action: "server.restart" }, false],
  ])("%j is one of the Preview panel: %s", (message, good) => {
    expect(fromPreview(message) !== undefined).toBe(good);
  });

  it("of the Memory panel is but one", () => {
    expect(fromMemory({ type: "ready" })).toEqual({ type: "ready" });
    expect(fromMemory({ type: "act" })).toBeUndefined();
  });

  it("carry nothing beside what is known of them", () => {
    expect(fromPreview({ type: "page", skip: 1, rows: 1e9 })).toEqual({ type: "page", skip: 1 });
  });
});

describe("what was kept over a reload", () => {
  it("is folders of runs", () => {
    expect(runsKept({ folders: ["/a", "/b"], axis: "time" })).toEqual({ folders: ["/a", "/b"] });
    for (const bad of [
      undefined,
      {},
      { folders: [] },
      { folders: [1] },
      { folders: Array(99).fill("/a") },
    ]) {
      expect(runsKept(bad)).toBeUndefined();
    }
  });

  it("is a file's address", () => {
    expect(fileKept({ uri: "file:///a" })).toEqual({ uri: "file:///a" });
    expect(fileKept({ uri: "a" })).toBeUndefined();
    expect(fileKept(undefined)).toBeUndefined();
  });
});

describe("a panel's page", () => {
  const page = document({
    source: "https://files.test",
    script: "https://files.test/run.js",
    style: "https://files.test/run.css",
    title: 'runs of "a" & <b>',
    nonce: "bm9uY2U=",
    start: { strings: { x: "</script><script>alert(1)</script>" }, kept: {}, locale: "bg" },
  });

  it("allows its own script and styles alone", () => {
    const policy = /Content-Security-Policy" content="([^"]+)"/.exec(page)?.[1];
    expect(policy).toBe(
      "default-src 'none'; script-src 'nonce-bm9uY2U='; style-src https://files.test",
    );
  });

  it("says its language and its title, whatever is in them", () => {
    expect(page).toContain('<html lang="bg">');
    expect(page).toContain("<title>runs of &quot;a&quot; &amp; &lt;b&gt;</title>");
  });

  it("lets no text end the data it starts with", () => {
    expect(page.match(/<\/script>/g)?.length).toBe(2);
    const data = /application\/json"[^>]*>(.*)<\/script>/.exec(page)?.[1] ?? "";
    expect(JSON.parse(data).strings.x).toBe("</script><script>alert(1)</script>");
  });

  it("has no handler and no style in its markup", () => {
    expect(page).not.toMatch(/\son\w+=|\sstyle=/);
  });
});

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
