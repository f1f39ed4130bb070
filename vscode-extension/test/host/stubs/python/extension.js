// Says what the Python extension says; a test chooses with `choose`.
const vscode = require("vscode");

exports.activate = () => {
  const changed = new vscode.EventEmitter();
  let python;
  return {
    choose(path) {
      python = path;
      changed.fire({ path });
    },
    environments: {
      getActiveEnvironmentPath: () => ({ path: python ?? "" }),
      resolveEnvironment: async ({ path }) =>
        path ? { executable: { uri: vscode.Uri.file(path) } } : undefined,
      onDidChangeActiveEnvironmentPath: changed.event,
    },
  };
};
