// A file system with one workflow in it, which nobody can change.
const vscode = require("vscode");

const NAME = "tone.tune.yaml";
const TEXT = Buffer.from(
  "version: 1\nmodel: {name_or_path: ./model}\ndata: {train: [{path: rows.jsonl}]}\nmodl: 3\n",
);

exports.activate = (context) => {
  const { Directory, File } = vscode.FileType;
  const none = () => {
    throw vscode.FileSystemError.NoPermissions();
  };
  const kind = (uri) => {
    if (uri.path.endsWith(`/${NAME}`)) return File;
    if (uri.path === "/project") return Directory;
    throw vscode.FileSystemError.FileNotFound(uri);
  };
  const provider = {
    onDidChangeFile: new vscode.EventEmitter().event,
    watch: () => new vscode.Disposable(() => {}),
    stat: (uri) => ({ type: kind(uri), ctime: 0, mtime: 0, size: TEXT.length }),
    readDirectory: () => [[NAME, File]],
    readFile: (uri) => (kind(uri) === File ? TEXT : none()),
    writeFile: none,
    createDirectory: none,
    delete: none,
    rename: none,
  };
  const options = { isReadonly: true };
  context.subscriptions.push(
    vscode.workspace.registerFileSystemProvider("memory", provider, options),
  );
};
