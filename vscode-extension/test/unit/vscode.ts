/** As much of `vscode` as the tested parts use: values and pure functions. */

export const l10n = {
  t: (message: string, ...values: unknown[]) =>
    message.replace(/\{(\d)\}/g, (_, i) => String(values[Number(i)])),
};

export const LanguageStatusSeverity = { Information: 0, Warning: 1, Error: 2 } as const;
export const QuickPickItemKind = { Separator: -1, Default: 0 } as const;
export const QuickInputButtons = { Back: { back: true } } as const;

export class EventEmitter<T> {
  private readonly listeners = new Set<(value: T) => void>();

  readonly event = (listener: (value: T) => void) => {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  };

  fire(value: T): void {
    for (const listener of this.listeners) listener(value);
  }

  dispose(): void {
    this.listeners.clear();
  }
}

export const Disposable = {
  from: (...parts: { dispose(): unknown }[]) => ({
    dispose: () => {
      for (const part of parts) part.dispose();
    },
  }),
};
