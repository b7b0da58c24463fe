/**
 * The page's files. There is no bundler: page modules are served as they are written, with their
 * types stripped by Node (or as the build emitted them), and libraries from a fixed list of files
 * of installed packages. Every answer is compressed once and has an ETag.
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

export type Asset = {
  readonly contentType: string;
  readonly etag: string;
  readonly plain: Buffer;
  readonly gzip: Buffer;
  readonly brotli: Buffer;
};

export type Assets = {
  /** The asset at a path such as `/app/app.ts`; `undefined` when it is not on the list. */
  readonly find: (path: string) => Asset | undefined;
  readonly index: Asset;
  readonly contentSecurityPolicy: string;
};

type Vendor = { readonly path: string; readonly file: string; readonly bare?: string };

const contentTypes: Readonly<Record<string, string>> = {
  '.ts': 'text/javascript; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const brotliQuality = 9;

export function loadAssets(): Assets {
  const pageDir = join(import.meta.dirname, 'page');
  const script = existsSync(join(pageDir, 'app.ts')) ? '.ts' : '.js';
  const vendors = vendorFiles();
  const paths = new Map<string, string>();
  for (const { path, file } of vendors) paths.set(`/vendor/${path}`, file);
  for (const name of pageFiles(pageDir, script)) paths.set(`/app/${name}`, join(pageDir, name));
  const importMap = JSON.stringify({
    imports: Object.fromEntries(
      vendors.flatMap(({ path, bare }) => (bare === undefined ? [] : [[bare, `/vendor/${path}`]])),
    ),
  });
  const modules = [...paths.keys()].filter((path) => !/\.(css|svg|html)$/.test(path));
  const html = readFileSync(join(pageDir, 'index.html'), 'utf8')
    .replace('>{}</script>', () => `>${importMap}</script>`)
    .replace('<!-- preloads -->', () =>
      modules.map((path) => `<link rel="modulepreload" href="${path}">`).join('\n    '),
    )
    .replace('/app/app.ts', `/app/app${script}`);
  const cache = new Map<string, Asset>();
  return {
    index: assetOf(html, '.html'),
    contentSecurityPolicy: policy(importMap),
    find: (path) => {
      const file = paths.get(path);
      if (file === undefined) return undefined;
      const found = cache.get(path) ?? assetOf(read(file), extname(file));
      cache.set(path, found);
      return found;
    },
  };
}

function pageFiles(pageDir: string, script: string): readonly string[] {
  return globSync(`**/*{${script},.css,.svg}`, { cwd: pageDir })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => !/\.(test|d)\.[jt]s$/.test(name))
    .sort();
}

/** Only these files of only these packages; paths are found from where the packages are. */
function vendorFiles(): readonly Vendor[] {
  const require = createRequire(import.meta.url);
  const dirOf = (name: string): string => dirname(require.resolve(name));
  const signals = dirOf('@preact/signals');
  const core = dirname(createRequire(join(signals, 'x.js')).resolve('@preact/signals-core'));
  const virtual = join(dirname(require.resolve('@tanstack/virtual-core/package.json')), 'dist/esm');
  const preact = dirname(require.resolve('preact/package.json'));
  const virtualFiles = ['lazy-measurements', 'utils', 'scroll-classifier', 'ios-gesture'];
  return [
    { bare: 'preact', path: 'preact.js', file: join(preact, 'dist/preact.mjs') },
    { bare: 'preact/hooks', path: 'hooks.js', file: join(preact, 'hooks/dist/hooks.mjs') },
    { bare: 'htm', path: 'htm.js', file: join(dirOf('htm'), 'htm.module.js') },
    { bare: '@preact/signals', path: 'signals.js', file: join(signals, 'signals.module.js') },
    {
      bare: '@preact/signals-core',
      path: 'signals-core.js',
      file: join(core, 'signals-core.module.js'),
    },
    { bare: 'uplot', path: 'uplot.js', file: join(dirOf('uplot'), 'uPlot.esm.js') },
    { path: 'uplot.css', file: join(dirOf('uplot'), 'uPlot.min.css') },
    {
      bare: '@tanstack/virtual-core',
      path: 'virtual/index.js',
      file: join(virtual, 'index.js'),
    },
    ...virtualFiles.map((name) => ({
      path: `virtual/${name}.js`,
      file: join(virtual, `${name}.js`),
    })),
  ];
}

function read(file: string): string {
  const text = readFileSync(file, 'utf8');
  if (file.endsWith('.ts')) return withoutTypes(text);
  // Libraries written for bundlers ask for the build mode, which a browser does not have.
  return text
    .replaceAll(['process', 'env', 'NODE_ENV'].join('.'), '"production"')
    .replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n');
}

/** Node's note that stripping may change is for those who ship it; a build emits JavaScript. */
function withoutTypes(text: string): string {
  const emitWarning = process.emitWarning;
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(text);
  } finally {
    process.emitWarning = emitWarning;
  }
}

function assetOf(text: string, extension: string): Asset {
  const plain = Buffer.from(text);
  const hash = createHash('sha256').update(plain).digest('base64url').slice(0, 22);
  return {
    contentType: contentTypes[extension] ?? 'application/octet-stream',
    etag: `"${hash}"`,
    plain,
    gzip: gzipSync(plain, { level: 9 }),
    brotli: brotliCompressSync(plain, {
      params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality },
    }),
  };
}

/** Everything from this server; of inline scripts only the import map, by its hash. */
function policy(importMap: string): string {
  const hash = createHash('sha256').update(importMap).digest('base64');
  return [
    "default-src 'self'",
    `script-src 'self' 'sha256-${hash}'`,
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join('; ');
}
