// Package web serves the two pages that Parley brings along: the visitor's
// chat and the operator's console, as static files for a browser.
//
// The sources are plain TypeScript and CSS in src, without a framework and
// without a run-time dependency; go generate bundles them into dist, which is
// committed and embedded, so that building Parley needs no Node.js. The HTML is
// in pages. README.md lists the test ids. Both pages are built on the npm package
// @parley/client, which is in client: package web does not serve it.
//
// The package never reads a file at run time, never sees a message, and keeps
// no state: everything that changes travels on the WebSocket (docs/PROTOCOL.md),
// at the address the page came from. Start reading at web.go, then client/src/client.ts.
package web

//go:generate go tool -modfile=../../.ci/tools/go.mod esbuild src/visitor.ts src/console.ts src/visitor.css src/console.css --bundle --minify --format=iife --target=es2020,chrome100,firefox100,safari15 --charset=utf8 --legal-comments=none --log-level=warning --outdir=dist
//go:generate go tool -modfile=../../.ci/tools/go.mod esbuild client/src/index.ts --bundle --minify --format=esm --target=es2020,chrome100,firefox100,safari15 --charset=utf8 --legal-comments=none --log-level=warning --outdir=client/dist
