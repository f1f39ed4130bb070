/** The page with a policy that lets its own scripts run, by `nonce`, and nothing be loaded. */
export function guarded(html: string, nonce: string | undefined): string {
  const scripts = nonce === undefined ? "'none'" : `'nonce-${nonce}'`;
  const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src ${scripts}`;
  const meta = `<meta http-equiv="Content-Security-Policy" content="${policy}">`;
  const page = html.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/i, "");
  const marked =
    nonce === undefined ? page : page.replace(/<script(?=[\s>])/gi, `<script nonce="${nonce}"`);
  return /<head>/i.test(marked) ? marked.replace(/<head>/i, `<head>\n${meta}`) : meta + marked;
}
